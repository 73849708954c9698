import ByteStream
import Glibc
import OCI
import ToolSupport

/// The root file system of an image. It is untrusted: a layer may have put any file there.
struct RootFileSystem {
    private static let fileLimit = 16 << 20

    private let path: Path?
    private let root: ConfinedRoot?

    /// - Throws: `StreamError.open`.
    init(_ path: Path?) throws(StreamError) {
        self.path = path
        do throws(Errno) {
            root = try path.map { (path) throws(Errno) in try ConfinedRoot(path) }
        } catch {
            throw .open(path: path ?? "/", error)
        }
    }

    /// Resolves `User` of a config.
    ///
    /// - Throws: `InputError.refused` for an unknown user; `StreamError`.
    func user(_ text: String) throws -> ProcessUser {
        let database = UserDatabase(
            passwd: try read("etc/passwd"), group: try read("etc/group"))
        do throws(ValueError) {
            return try database.resolve(text)
        } catch {
            let place = path.map { " in \($0.quoted)" } ?? ""
            let hint = path == nil ? "; --rootfs says where one is" : ""
            throw InputError.refused(
                "cannot find user \(quote(text))\(place): \(error.problem)\(hint)")
        }
    }

    /// Owner and mode of a directory, links followed; nil when it does not exist.
    ///
    /// - Throws: `StreamError.open`.
    func attributes(
        of directory: String
    ) throws(StreamError) -> RuntimeConfig.DirectoryAttributes? {
        guard let root, let path else { return nil }
        let subject = path.appending(Path(directory))
        do throws(Errno) {
            let status = try root.status(of: Path(directory))
            if status.st_mode & S_IFMT != S_IFDIR { return nil }
            return RuntimeConfig.DirectoryAttributes(
                uid: status.st_uid, gid: status.st_gid, mode: status.st_mode & 0o7777)
        } catch .noEntry {
            return nil
        } catch .notDirectory {
            return nil
        } catch {
            throw .open(path: subject, error)
        }
    }

    /// Reads a file, following links inside the root file system; empty when it does not exist.
    private func read(_ name: Path) throws(StreamError) -> [UInt8] {
        guard let root, let path else { return [] }
        let subject = path.appending(name)
        do throws(StreamError) {
            return try RegularFile.read(name, in: root, subject: subject, limit: Self.fileLimit)
        } catch .open(_, .noEntry) {
            return []
        } catch {
            throw error
        }
    }
}
