import ByteStream
import Glibc
import Hashing
import TestSupport
import Testing

@testable import ImageLayout

@Suite struct AuditTests {
    let directory: TemporaryDirectory
    var layout: LayoutRepository { LayoutRepository(directory: directory.path.appending("l")) }

    init() throws {
        directory = try TemporaryDirectory()
        _ = try layout.writeBlob(MemoryBlob(Array("blob".utf8)))
    }

    @Test func blobsAreNotStray() throws {
        #expect(try layout.strayFiles().isEmpty)
    }

    @Test func filesAreFoundWhereverTheyAre() throws {
        let blobs = layout.directory.appending("blobs")
        try Directory.create(blobs.appending("other"))
        try directory.write("", to: "l/.index.json.1.abc.tmp")
        try directory.write("", to: "l/blobs/y")
        try directory.write("", to: "l/blobs/other/z")
        try directory.write("", to: "l/blobs/sha256/x")
        #expect(blobs.appending("link").withCString { symlink("nothing", $0) } == 0)
        #expect(
            try layout.strayFiles() == [
                ".index.json.1.abc.tmp", "blobs/link", "blobs/other/z", "blobs/sha256/x",
                "blobs/y",
            ])
    }

    /// Garbage collection keeps it too: the name is not one that an interrupted run leaves.
    @Test func aFileOfTheUserBesideTheIndexIsNotStray() throws {
        try directory.write("", to: "l/.notes.tmp")
        #expect(try layout.strayFiles().isEmpty)
    }

    @Test func aFileInPlaceOfTheBlobs() throws {
        let other = LayoutRepository(directory: directory.path.appending("m"))
        try Directory.create(other.directory)
        #expect(try other.strayFiles().isEmpty)
        try directory.write("", to: "m/blobs")
        #expect(try other.strayFiles() == ["blobs"])
    }

    @Test func onlyDirectoriesCanBeOpened() throws {
        #expect(layout.openError == nil)
        try directory.write("", to: "file")
        for (name, error): (Path, Errno) in [("none", .noEntry), ("file", .notDirectory)] {
            let other = LayoutRepository(directory: directory.path.appending(name))
            guard case .open(_, error) = other.openError else {
                Issue.record("'\(name)' can be opened")
                continue
            }
        }
    }
}
