import ByteStream
import CSystem
import Glibc

/// What this process may do to files, by its capabilities and id maps.
///
/// Root of a container may lack capabilities, and root of a user namespace may have them for one user
/// alone: neither is the superuser that a layer's owners need.
///
/// - Spec: capabilities(7), user_namespaces(7).
struct Privileges: Sendable {
    let user = geteuid()
    let group = getegid()
    /// Whether permissions of files do not bind it: `CAP_DAC_OVERRIDE`.
    let overridesAccess: Bool
    /// Whether files can be given to other users: `CAP_CHOWN`, and there are others.
    let changesOwners: Bool

    init() {
        let capabilities = system_effective_capabilities()
        // The numbers of linux/capability.h.
        overridesAccess = capabilities & 1 << 1 != 0
        changesOwners =
            capabilities & 1 << 0 != 0 && Privileges.hasOthers("/proc/self/uid_map")
            && Privileges.hasOthers("/proc/self/gid_map")
    }

    /// A directory's mode while entries are put into it.
    func accessible(_ mode: UInt32) -> UInt32 { overridesAccess ? mode : mode | 0o700 }

    /// Whether a map of ids has more than one; where there is no such file, all are mapped.
    private static func hasOthers(_ path: Path) -> Bool {
        guard let bytes = try? InputStream.readFile(path, limit: 64 << 10) else { return true }
        let counts = bytes.split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: " ")).last
                .flatMap { UInt64(String(decoding: $0, as: UTF8.self)) } ?? 0
        }
        return counts.contains { $0 > 1 } || counts.count > 1
    }
}
