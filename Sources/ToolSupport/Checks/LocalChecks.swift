import ByteStream
import Glibc
import OCI

/// Checks that this machine has what a build needs, without changing anything.
public enum LocalChecks {
    /// The number of free bytes below which intermediate files and caches may not fit.
    private static let leastSpace: UInt64 = 256 << 20

    /// All findings, in the order in which a build would meet the problems.
    public static func findings() -> [Finding] {
        [temporaryDirectory(), sourceDate()].compactMap { $0 } + proxies() + runtimes()
    }

    private static func temporaryDirectory() -> Finding {
        let directory = variable("TMPDIR") ?? "/tmp"
        let subject = "temporary directory"
        guard directory.withCString({ access($0, W_OK | X_OK) }) == 0 else {
            return Finding(
                .problem, subject, "cannot write to \(directory.quoted): set TMPDIR to another")
        }
        var status = statvfs()
        guard directory.withCString({ statvfs($0, &status) }) == 0 else {
            return Finding(.warning, subject, "how much space \(directory.quoted) has is not known")
        }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        let text = "\(directory.quoted) has \(free >> 20) MiB"
        return free < leastSpace
            ? Finding(.warning, subject, "\(text): free some, or set TMPDIR to another")
            : Finding(.fine, subject, text)
    }

    private static func sourceDate() -> Finding? {
        do {
            guard let date = try SourceDate.current() else { return nil }
            return Finding(.fine, SourceDate.variable, "times are \(date)")
        } catch {
            return Finding(.problem, SourceDate.variable, "\(error.message): unset it")
        }
    }

    /// Reports the names of variables without their values, because a value may contain a password.
    private static func proxies() -> [Finding] {
        let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy"]
            .filter { variable($0) != nil }
        if names.isEmpty { return [] }
        let exceptions = (variable("no_proxy") ?? variable("NO_PROXY")).map { " and \($0.quoted)" }
        return [
            Finding(
                .fine, "proxy",
                "that of \(names.joined(separator: ", ")), but for loopback\(exceptions ?? "")")
        ]
    }

    /// Checks that only RUN of a Dockerfile needs.
    private static func runtimes() -> [Finding] {
        let subject = "runtime for RUN"
        let found = ["crun", "runc"].filter { isInPath(Path($0)) }
        if geteuid() == 0 {
            let text = found.first ?? "no crun or runc: RUN needs --isolation chroot"
            return [Finding(.fine, subject, text)]
        }
        guard let name = found.first else {
            return [
                Finding(.warning, subject, "no crun or runc: Dockerfiles with RUN cannot be built")
            ]
        }
        guard allowsUserNamespaces else {
            return [
                Finding(
                    .warning, subject,
                    "\(name), but this system allows no user namespaces: RUN needs root")
            ]
        }
        return [Finding(.fine, subject, "\(name), without root")]
    }

    private static var allowsUserNamespaces: Bool {
        func number(_ path: Path) -> Int? {
            guard let bytes = try? InputStream.readFile(path, limit: 64) else { return nil }
            return Int(String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self))
        }
        return number("/proc/sys/user/max_user_namespaces") != 0
            && number("/proc/sys/kernel/unprivileged_userns_clone") != 0
    }

    private static func isInPath(_ program: Path) -> Bool {
        (variable("PATH")?.bytes ?? []).split(separator: UInt8(ascii: ":"))
            .map { Path($0).appending(program) }
            .contains { $0.withCString { access($0, X_OK) } == 0 }
    }

    /// A variable that is set and not empty.
    private static func variable(_ name: String) -> Path? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return Path(cString: value)
    }
}
