import ByteStream
import OCI
import Snapshot
import Tar
import TestSupport
import Testing

@testable import ImageTree

@Suite struct ListingTests {
    private func sample() throws -> LayerListing {
        var listing = LayerListing(hasContentDigests: true)
        var file = TarEntry(kind: .file, path: Array("a/b".utf8), mode: 0o4755, size: 1 << 40)
        file.uid = .max - 1
        file.gid = 7
        file.modificationTime = -5
        file.modificationNanoseconds = 999_999_999
        file.extendedAttributes = [
            TarEntry.ExtendedAttribute(name: Array("user.x".utf8), value: [0, 255])
        ]
        var device = TarEntry(kind: .blockDevice, path: Array("a/c".utf8), mode: 0o600)
        device.deviceMajor = 259
        device.deviceMinor = 1 << 19
        var link = TarEntry(kind: .symbolicLink, path: [0xFF, 0x2F, 0x61], mode: 0o777)
        link.linkTarget = [0x80, 0x20]
        link.modificationTime = .max
        let content = ContentDigest(repeating: 3)
        try listing.append(
            LayerItem(action: .entry, entry: file, content: content), layer: someDigest)
        for entry in [device, link] {
            try listing.append(
                LayerItem(action: .entry, entry: entry, content: nil), layer: someDigest)
        }
        for action in [LayerItem.Action.whiteout, .opaqueWhiteout] {
            try listing.append(
                LayerItem(
                    action: action,
                    entry: TarEntry(kind: .file, path: Array("a".utf8), mode: 0), content: nil),
                layer: someDigest)
        }
        listing.userFiles = [.passwd: Array("root:x\n".utf8), .group: []]
        return listing
    }

    private func items(_ listing: LayerListing) throws -> [[UInt8]] {
        var items: [[UInt8]] = []
        try listing.visitAll { item, _ in
            var bytes = item.entry.path
            item.appendAttributes(to: &bytes)
            items.append(bytes)
        }
        return items
    }

    @Test func whatIsKeptReadsAsItWas() throws {
        let listing = try sample()
        let bytes = ListingCache.encode(listing, .layer(diffID: someDigest))
        let decoded = try #require(ListingCache.decode(bytes, .layer(diffID: someDigest)))
        #expect(decoded.count == 5)
        #expect(decoded.hasContentDigests)
        #expect(decoded.userFiles == listing.userFiles)
        #expect(try items(decoded) == items(listing))
        var entries: [TarEntry] = []
        try decoded.visitAll { item, _ in entries.append(item.entry) }
        #expect(entries[0].uid == UInt64.max - 1)
        #expect(entries[0].modificationTime == -5)
        #expect(entries[0].extendedAttributes.first?.value == [0, 255])
        #expect(entries[1].deviceMinor == 1 << 19)
        #expect(entries[2].path == [0xFF, 0x2F, 0x61])
        #expect(entries[2].modificationTime == .max)
    }

    @Test func theListingsOfAnImageAreLimitedTogether() throws {
        let budget = ListingBudget(byteCount: 10)
        try budget.spend(7)
        try budget.spend(3)
        #expect(throws: ImageTreeError.self) { try budget.spend(1) }
        try budget.spend(0)
    }

    @Test func whatIsDamagedOrOfAnotherLayerIsNotUsed() throws {
        let bytes = ListingCache.encode(try sample(), .layer(diffID: someDigest))
        let other = Digest(.sha256, bytes: [UInt8](repeating: 8, count: 32))
        #expect(ListingCache.decode(bytes, .layer(diffID: other)) == nil)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1
            #expect(ListingCache.decode(damaged, .layer(diffID: someDigest)) == nil)
            #expect(ListingCache.decode(Array(bytes[..<index]), .layer(diffID: someDigest)) == nil)
        }
    }

    @Test func itemsOfAnyBytesReadWithoutATrap() throws {
        var random = SeededGenerator(11)
        let good = try sample().items
        for _ in 0..<3000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] =
                    UInt8.random(in: .min ... .max, using: &random)
            }
            bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            let listing = LayerListing(items: bytes, count: 0, hasContentDigests: false)
            do {
                _ = try items(listing)
            } catch is ImageTreeError {
            }
        }
    }

    @Test func cacheKeepsAndGivesBack() throws {
        let directory = try TemporaryDirectory()
        let cache = ListingCache(Path(directory.path.bytes).appending("a/b"))
        #expect(cache.listing(of: .layer(diffID: someDigest), hasContentDigests: false) == nil)
        cache.keep(try sample(), of: .layer(diffID: someDigest))
        // Digests are harmless where only names are needed.
        #expect(cache.listing(of: .layer(diffID: someDigest), hasContentDigests: false)?.count == 5)
        #expect(cache.listing(of: .layer(diffID: someDigest), hasContentDigests: true)?.count == 5)
        cache.keep(try listing([.file("x")]), of: .layer(diffID: someDigest))
        #expect(cache.listing(of: .layer(diffID: someDigest), hasContentDigests: false)?.count == 1)
        #expect(cache.listing(of: .layer(diffID: someDigest), hasContentDigests: true)?.count == 5)
    }
}

extension ContentDigest {
    /// 32 times the same byte.
    fileprivate init(repeating byte: UInt8) {
        self = [UInt8](repeating: byte, count: 32).withUnsafeBytes { ContentDigest(bytes: $0) }
    }
}
