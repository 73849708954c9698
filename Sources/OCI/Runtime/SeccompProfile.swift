import JSON

/// The filter of system calls of a container: `SystemCalls` for its capabilities.
///
/// - Spec: runtime-spec v1.0.2, config-linux.md, Seccomp.
struct SeccompProfile {
    /// Names without `CAP_`.
    let capabilities: Set<String>
    /// The architecture of the image, by Go's name; nil when the image states none.
    let architecture: String?

    private static let permissionDenied = 1
    private static let invalidArgument = 22
    private static let notImplemented = 38

    var document: JSONObject {
        var document = JSONObject()
        document["defaultAction"] = .string("SCMP_ACT_ERRNO")
        document["defaultErrnoRet"] = .integer(SeccompProfile.notImplemented)
        if let architectures = SeccompProfile.architectures[architecture ?? ""] {
            document["architectures"] = .array(architectures.map { .string("SCMP_ARCH_\($0)") })
        }
        var rules = [rule(SystemCalls.allowed.sorted())]
        for (capability, calls) in SystemCalls.byCapability {
            rules.append(rule(calls, isAllowed: capabilities.contains(capability)))
        }
        rules.append(rule(SystemCalls.refused.sorted(), isAllowed: false))
        rules += SystemCalls.personalities.map { rule(["personality"], [argument(0, .equal, $0)]) }
        document["syscalls"] = .array(rules + cloneRules + socketRules)
        return document
    }

    /// Allows new processes and threads, but no namespaces. The flags of clone3(2) are in memory,
    /// which a filter cannot read: when it fails with ENOSYS, C libraries use clone(2).
    private var cloneRules: [JSON] {
        if capabilities.contains("SYS_ADMIN") { return [rule(["clone", "clone3"])] }
        let flags = architecture == "s390x" ? 1 : 0
        return [
            rule(["clone"], [argument(flags, .masked, SystemCalls.namespaceFlags, 0)]),
            rule(["clone3"], errno: SeccompProfile.notImplemented),
        ]
    }

    /// Allows sockets of every family, except that of virtual machines, which reaches the host,
    /// and, without the capability, the kernel's audit: for EINVAL there, programs assume a kernel
    /// without audit.
    private var socketRules: [JSON] {
        let netlink: UInt64 = 16
        let virtualMachines: UInt64 = 40
        let audit: UInt64 = 9
        var rules = [
            rule(["socket"], [argument(0, .less, netlink)]),
            rule(["socket"], [argument(0, .greater, virtualMachines)]),
        ]
        for family in (netlink + 1)..<virtualMachines {
            rules.append(rule(["socket"], [argument(0, .equal, family)]))
        }
        if capabilities.contains("AUDIT_WRITE") {
            rules.append(rule(["socket"], [argument(0, .equal, netlink)]))
            return rules
        }
        let isNetlink = argument(0, .equal, netlink)
        rules.append(rule(["socket"], [isNetlink, argument(2, .notEqual, audit)]))
        rules.append(
            rule(
                ["socket"], [isNetlink, argument(2, .equal, audit)],
                errno: SeccompProfile.invalidArgument))
        return rules
    }

    private func rule(_ names: [String], isAllowed: Bool) -> JSON {
        rule(names, errno: isAllowed ? nil : SeccompProfile.permissionDenied)
    }

    /// - Parameter errno: the error of the calls; nil allows them.
    private func rule(_ names: [String], _ arguments: [JSON] = [], errno: Int? = nil) -> JSON {
        var rule = JSONObject()
        rule["names"] = .array(names.map { .string($0) })
        rule["action"] = .string(errno == nil ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO")
        rule["errnoRet"] = errno.map { .integer($0) }
        if !arguments.isEmpty { rule["args"] = .array(arguments) }
        return .object(rule)
    }

    private enum Comparison: String {
        case equal = "SCMP_CMP_EQ"
        case notEqual = "SCMP_CMP_NE"
        case less = "SCMP_CMP_LT"
        case greater = "SCMP_CMP_GT"
        case masked = "SCMP_CMP_MASKED_EQ"
    }

    private func argument(
        _ index: Int, _ comparison: Comparison, _ value: UInt64, _ second: UInt64? = nil
    ) -> JSON {
        var argument = JSONObject()
        argument["index"] = .integer(index)
        argument["value"] = .integer(value)
        argument["valueTwo"] = second.map { .integer($0) }
        argument["op"] = .string(comparison.rawValue)
        return .object(argument)
    }

    /// The architectures whose programs a machine runs. A runtime adds the machine's own.
    private static let architectures: [String: [String]] = [
        "386": ["X86"],
        "amd64": ["X86_64", "X86", "X32"],
        "arm": ["ARM"],
        "arm64": ["AARCH64", "ARM"],
        "mips64le": ["MIPSEL64", "MIPSEL", "MIPSEL64N32"],
        "ppc64le": ["PPC64LE"],
        "riscv64": ["RISCV64"],
        "s390x": ["S390X", "S390"],
    ]
}
