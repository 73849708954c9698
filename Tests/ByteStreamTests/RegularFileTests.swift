import Glibc
import Testing

@testable import ByteStream

@Suite struct RegularFileTests {
    private func temporaryDirectory() throws -> Path {
        var template = Array("/tmp/ocinoco-tests.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno.current }
        return Path(template.dropLast().map { UInt8(bitPattern: $0) })
    }

    /// Only regular files are opened, by whichever path they are reached.
    @Test func onlyRegularFilesAreOpened() throws {
        let directory = try temporaryDirectory()
        let root = try ConfinedRoot(directory)
        func path(_ name: Path) -> Path { directory.appending(name) }
        func problem(_ name: Path, isConfined: Bool) -> String {
            do throws(StreamError) {
                let bytes =
                    isConfined
                    ? try RegularFile.read(name, in: root, subject: name, limit: 10)
                    : try RegularFile.read(path(name), limit: 10)
                return "\(bytes.count) bytes"
            } catch {
                switch error {
                case .notRegularFile: return "not regular"
                case .open(_, let errno): return "\(errno)"
                case .tooLarge: return "too large"
                default: return error.message
                }
            }
        }
        for name: Path in ["small", "large", "fifo", "link", "device"] {
            defer { _ = path(name).withCString { unlink($0) } }
            let isMade =
                switch name {
                case "fifo": path(name).withCString { mkfifo($0, 0o600) } == 0
                case "link": path(name).withCString { symlink("fifo-that-is-not-there", $0) } == 0
                case "device": path(name).withCString { symlink("/dev/null", $0) } == 0
                default:
                    path(name).withCString { file in
                        let descriptor = open(file, O_WRONLY | O_CREAT, 0o600)
                        defer { close(descriptor) }
                        return ftruncate(descriptor, name == "large" ? 11 : 10) == 0
                    }
                }
            #expect(isMade)
            for isConfined in [false, true] {
                let expected =
                    switch name {
                    case "small": "10 bytes"
                    case "large": "too large"
                    case "fifo": "not regular"
                    // Inside the root, /dev/null is the root's dev/null.
                    case "device" where !isConfined: "not regular"
                    default: "No such file or directory"
                    }
                #expect(problem(name, isConfined: isConfined) == expected, "\(name)")
            }
        }
        #expect(problem(".", isConfined: false) == "Is a directory")
        #expect(problem(".", isConfined: true) == "Is a directory")
        _ = directory.withCString { rmdir($0) }
    }
}
