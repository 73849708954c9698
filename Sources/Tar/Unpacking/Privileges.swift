import ByteStream
import CSystem
import Glibc

/// The permissions of this process on files, by its capabilities and id maps.
///
/// Root in a container may lack capabilities, and root in a user namespace may have them for one
/// user only. Neither can set all owners of a layer.
///
/// - Spec: capabilities(7), user_namespaces(7).
struct Privileges: Sendable {
    let user = geteuid()
    let group = getegid()
    /// Whether it may ignore permissions of files: `CAP_DAC_OVERRIDE`.
    let overridesAccess: Bool
    /// Whether it may change owners: `CAP_CHOWN`, and more than one id is mapped.
    let changesOwners: Bool

    init() {
        let capabilities = system_effective_capabilities()
        // The numbers of linux/capability.h.
        overridesAccess = capabilities & 1 << 1 != 0
        changesOwners =
            capabilities & 1 << 0 != 0 && Privileges.hasOthers("/proc/self/uid_map")
            && Privileges.hasOthers("/proc/self/gid_map")
    }

    /// A directory's mode while entries are created in it.
    func accessible(_ mode: UInt32) -> UInt32 { overridesAccess ? mode : mode | 0o700 }

    /// Whether a map has more than one id; without such a file, all ids are mapped.
    private static func hasOthers(_ path: Path) -> Bool {
        guard let bytes = try? InputStream.readFile(path, limit: 64 << 10) else { return true }
        let counts = bytes.split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: " ")).last
                .flatMap { UInt64(String(decoding: $0, as: UTF8.self)) } ?? 0
        }
        return counts.contains { $0 > 1 } || counts.count > 1
    }
}
