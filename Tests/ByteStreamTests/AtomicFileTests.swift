import Glibc
import TestSupport
import Testing

@testable import ByteStream

@Suite struct AtomicFileTests {
    private func write(_ path: Path, as other: Path? = nil) throws(StreamError) {
        let file = try AtomicFile(path)
        try file.write([1])
        try file.commit(as: other)
    }

    private func make(_ name: Path, in directory: TemporaryDirectory) -> Bool {
        directory.path.appending(name).withCString { path in
            switch name {
            case "fifo": mkfifo(path, 0o600) == 0
            case "socket": mknod(path, S_IFSOCK | 0o600, 0) == 0
            case "directory": mkdir(path, 0o700) == 0
            case "link": symlink("fifo", path) == 0
            default: creat(path, 0o600) != -1
            }
        }
    }

    private func type(_ path: Path) -> mode_t? {
        var status = stat()
        return path.withCString { lstat($0, &status) } == 0 ? status.st_mode & S_IFMT : nil
    }

    /// A file that is there before, and one that comes while the bytes are written.
    @Test(arguments: ["fifo", "socket", "directory"] as [Path])
    func onlyFilesAreReplaced(name: Path) throws {
        let directory = try TemporaryDirectory()
        #expect(make(name, in: directory))
        let path = directory.path.appending(name)
        let before = type(path)
        #expect(throws: StreamError.self) { try write(path) }
        #expect(throws: StreamError.self) { try write(directory.path.appending("new"), as: path) }
        #expect(type(path) == before)
        #expect(try Directory.names(in: directory.path) == [name])
    }

    /// A link itself is replaced, and its target stays.
    @Test(arguments: ["file", "link"] as [Path])
    func filesAndLinksAreReplaced(name: Path) throws {
        let directory = try TemporaryDirectory()
        #expect(make("fifo", in: directory))
        #expect(make(name, in: directory))
        try write(directory.path.appending(name))
        #expect(try directory.read(name) == [1])
        #expect(type(directory.path.appending("fifo")) == S_IFIFO)
    }

    @Test func statusAndText() {
        let error = StreamError.notReplaced(path: "a b")
        #expect(error.exitStatus == .cannotCreateOutput)
        #expect(error.message == "not replaced, since it is not a regular file: 'a b'")
    }
}
