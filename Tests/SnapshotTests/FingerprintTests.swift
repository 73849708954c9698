import ByteStream
import Glibc
import JSON
import OCI
import Tar
import TestSupport
import Testing

@testable import Snapshot

@Suite struct FingerprintTests {
    private let work: TemporaryDirectory

    init() throws {
        work = try TemporaryDirectory()
        work.directory("t")
        work.directory("t/d")
        try work.write("t/d/f", "text")
        try work.write("t/a", "aaaa")
    }

    private func fingerprint(
        salt: [UInt8] = [], uid: UInt64 = 0, _ change: (inout ArchiveRequest) -> Void = { _ in }
    ) throws -> TreeFingerprint {
        var request = ArchiveRequest()
        request.sources = [work("t")]
        change(&request)
        var policy = EntryPolicy()
        policy.uid = uid
        let made = request
        func write(to writer: TarWriter) throws(TarError) { try writer.write(made) }
        return try TreeFingerprint(
            write, policy: policy, base: nil, salt: salt, warn: { Issue.record("\($0)") })
    }

    @Test func theSameWhileNothingChanges() throws {
        let first = try fingerprint()
        #expect(first.isSettled)
        #expect(try fingerprint() == first)
        let line = try TreeFingerprint(JSONField(JSON.parse(Array(first.line.dropLast()))))
        #expect(line == first)
    }

    @Test func whateverMakesAnotherTarIsInIt() throws {
        var seen = [try fingerprint().digest]
        seen.append(try fingerprint(salt: [1]).digest)
        seen.append(try fingerprint(uid: 1).digest)
        seen.append(try fingerprint { $0.rootDirectory = [Array("app".utf8)] }.digest)
        seen.append(
            try fingerprint {
                $0.rootDirectory = [Array("a".utf8), Array("b".utf8)]
                $0.writesParents = true
            }.digest)
        seen.append(try fingerprint { $0.whiteouts = [[Array("x".utf8)]] }.digest)
        seen.append(try fingerprint { $0.opaqueDirectories = [[Array("x".utf8)]] }.digest)
        seen.append(
            try fingerprint {
                $0.sources = [self.work("t/a")]
            }.digest)
        seen.append(
            try fingerprint {
                $0.sources = [self.work("t/a")]
                $0.name = [Array("b".utf8)]
            }.digest)
        #expect(Set(seen).count == seen.count)
    }

    @Test func aContentOfTheSameSizeAndTime() throws {
        let first = try fingerprint()
        try work.write("t/a", "AAAA")
        #expect(try fingerprint().digest != first.digest)
    }

    @Test func namesThatCameAndWentLeaveATrace() throws {
        let first = try fingerprint()
        try work.write("t/moment", "")
        work.remove("t/moment")
        #expect(try fingerprint().digest != first.digest)
        // Also in a directory without an entry of its own.
        var patterns = ExcludePatterns()
        try patterns.add(Array("d".utf8))
        try patterns.add(Array("!d/kept".utf8))
        let excludes = patterns
        let second = try fingerprint { $0.excludes = excludes }
        try work.write("t/d/kept", "")
        work.remove("t/d/kept")
        #expect(try fingerprint { $0.excludes = excludes }.digest != second.digest)
        #expect(second.digest != first.digest)
    }

    @Test func whatChangesInTheFutureIsNotSettled() throws {
        work.setTime("t/a", 7_000_000_000)
        #expect(try !fingerprint().isSettled)
        work.setTime("t/a", 1_600_000_000)
        #expect(try fingerprint().isSettled)
    }

    @Test(arguments: ["{}", #"{"fingerprint":"sha256:0","settled":true}"#, #"{"settled":true}"#])
    func malformedLines(_ text: String) throws {
        let field = JSONField(try JSON.parse(Array(text.utf8)))
        #expect(throws: JSONError.self) { try TreeFingerprint(field) }
    }
}

@Suite struct LayerCacheTests {
    private let work: TemporaryDirectory
    private let layer: Descriptor
    private let tree: TreeFingerprint

    init() throws {
        work = try TemporaryDirectory()
        let digest = try #require(Digest("sha256:" + String(repeating: "1", count: 64)))
        layer = Descriptor(mediaType: .layerZstd, digest: digest, size: 5)
        tree = TreeFingerprint(digest: digest, isSettled: true)
    }

    @Test func whatWasKeptIsFound() throws {
        let cache = LayerCache(work("c"), madeBy: Array("zstd".utf8))
        #expect(cache.layer(of: tree) == nil)
        #expect(try cache.keep(layer, before: tree, after: tree))
        #expect(cache.layer(of: tree) == layer)
        #expect(LayerCache(work("c"), madeBy: Array("zstd:9".utf8)).layer(of: tree) == nil)
        #expect(cache.layer(of: TreeFingerprint(digest: tree.digest, isSettled: false)) == nil)
    }

    @Test func aTreeThatChangedOrMayHaveIsNotKept() throws {
        let cache = LayerCache(work("c"), madeBy: [])
        let other = TreeFingerprint(digest: Digest.of([1]), isSettled: true)
        let unsettled = TreeFingerprint(digest: tree.digest, isSettled: false)
        #expect(try !cache.keep(layer, before: other, after: tree))
        #expect(try !cache.keep(layer, before: unsettled, after: tree))
        #expect(cache.layer(of: tree) == nil)
        #expect(cache.layer(of: other) == nil)
    }

    @Test func everyDamageIsSeen() {
        let key = Digest.of([2])
        let bytes = LayerCache.encode(layer, key)
        #expect(LayerCache.decode(bytes, key) == layer)
        #expect(LayerCache.decode(bytes, Digest.of([3])) == nil)
        #expect(LayerCache.decode([], key) == nil)
        for index in bytes.indices {
            #expect(LayerCache.decode(Array(bytes[..<index]), key) == nil)
            var other = bytes
            other[index] ^= 1
            #expect(LayerCache.decode(other, key) == nil, "byte \(index)")
        }
    }
}
