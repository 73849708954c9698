import ByteStream
import Glibc
import Hashing
import OCI
import TestSupport
import Testing

@testable import ImageLayout

/// Several writers at once lose nothing. A thread opens the directory anew for its lock, so threads
/// exclude each other as processes do.
@Suite struct ConcurrencyTests {
    @Test func writersLoseNothing() async throws {
        let directory = try TemporaryDirectory()
        let writerCount = 8
        let tagCount = 25
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writerCount {
                group.addTask {
                    let layout = LayoutRepository(directory: directory.path.appending("l"))
                    for number in 0..<tagCount {
                        let bytes = Array(#"{"writer":\#(writer),"number":\#(number)}"#.utf8)
                        _ = try layout.writeBlob(MemoryBlob(Array("the same".utf8)))
                        try layout.publish(
                            RawManifest(bytes: bytes, mediaType: .manifest),
                            tag: "w\(writer).\(number)")
                        try layout.publish(
                            RawManifest(bytes: bytes, mediaType: .manifest),
                            tag: "latest")
                    }
                }
            }
            try await group.waitForAll()
        }
        let layout = LayoutRepository(directory: directory.path.appending("l"))
        let expected = (0..<writerCount).flatMap { writer in
            (0..<tagCount).map { "w\(writer).\($0)" }
        }
        #expect(try layout.tags().sorted() == (expected + ["latest"]).sorted())
        for tag in expected { #expect(try layout.manifest(.tag(tag)) != nil) }
        // Every manifest, the shared blob, oci-layout and index.json; no temporary file.
        #expect(try directory.files().count == writerCount * tagCount + 3)
    }

    @Test func compareAndSwapHoldsAgainstOthers() async throws {
        let directory = try TemporaryDirectory()
        let layout = LayoutRepository(directory: directory.path.appending("l"))
        struct Moved: Error {}
        func raw(_ number: Int) -> RawManifest {
            let bytes = Array(#"{"number":\#(number)}"#.utf8)
            return RawManifest(bytes: bytes, mediaType: .manifest)
        }
        try layout.publish(raw(0), tag: "x")
        let start = raw(0).digest
        let successCount = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 1...16 {
                group.addTask {
                    do {
                        try layout.publish(raw(number), tag: "x") { actual in
                            if actual != start { throw Moved() }
                        }
                        return true
                    } catch is Moved {
                        return false
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(successCount == 1)
    }
}
