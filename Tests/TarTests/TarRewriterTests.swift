import ByteStream
import TestSupport
import Testing

@testable import Tar

private func rewritten(
    _ archive: [UInt8], policy: EntryPolicy = EntryPolicy(),
    _ change: (inout ArchiveRequest) throws -> Void = { _ in }
) throws -> [ReadEntry] {
    var request = ArchiveRequest()
    try change(&request)
    return try readEntries(
        written(policy) { writer in
            try withInput(archive) { try writer.rewrite($0, request) }
        })
}

private func excluding(_ pattern: String) throws -> ExcludePatterns {
    var patterns = ExcludePatterns()
    try patterns.add(ascii(pattern))
    return patterns
}

private let directory = ForeignHeader(
    name: ascii("./a/"), type: UInt8(ascii: "5"), mode: ascii("0001777\0"))
private let file = ForeignHeader(name: ascii("./a/file"), mode: ascii("0104755\0"))
private let link = ForeignHeader(
    name: ascii("./a/link"), type: UInt8(ascii: "1"), linkTarget: ascii("./a/file"))

private func isRefused(_ archive: [UInt8], at path: String) -> Bool {
    do {
        _ = try rewritten(archive)
        return false
    } catch {
        switch error as? TarError {
        case .unsupported(let named, _), .whiteoutName(let named): return named == Path(path)
        default: return false
        }
    }
}

@Suite struct TarRewriterTests {
    @Test func movedAndNormalised() throws {
        let root = ForeignHeader(name: ascii("./"), type: UInt8(ascii: "5"))
        let archive =
            extended("g", paxRecords([("comment", ascii("x"))])) + root.bytes + directory.bytes
            + file.with { $0.time = octal(99) }.entry(ascii("data")) + link.bytes + endOfArchive
        var policy = EntryPolicy()
        policy.uid = 1000
        policy.time = .fixed(7)
        let entries = try rewritten(archive, policy: policy) {
            $0.rootDirectory = [ascii("usr"), ascii("app")]
            $0.writesParents = true
        }
        #expect(
            entries.map { String(decoding: $0.entry.path, as: UTF8.self) } == [
                "usr/", "usr/app/", "usr/app/a/", "usr/app/a/file", "usr/app/a/link",
            ])
        #expect(entries.map(\.entry.mode) == [0o755, 0o644, 0o1777, 0o4755, 0o644])
        #expect(entries.allSatisfy { $0.entry.uid == 1000 && $0.entry.modificationTime == 7 })
        #expect(entries[3].data == ascii("data"))
        #expect(entries[4].entry.linkTarget == ascii("usr/app/a/file"))
        // Without a root directory, the archive's root is the image's, and has no entry.
        #expect(try rewritten(archive).first?.entry.path == ascii("a/"))
    }

    @Test func keptTimes() throws {
        let archive =
            file.with { $0.time = octal(99) }.bytes
            + ForeignHeader(name: ascii("b"), time: octal(5)).bytes + endOfArchive
        var policy = EntryPolicy()
        policy.time = .keep(latest: 50)
        #expect(try rewritten(archive, policy: policy).map(\.entry.modificationTime) == [50, 5])
        policy.time = .keep(latest: nil)
        #expect(try rewritten(archive, policy: policy).map(\.entry.modificationTime) == [99, 5])
    }

    @Test func attributes() throws {
        let names = ["security.capability", "security.selinux", "user.a", "trusted.overlay.opaque"]
        let records = paxRecords(names.map { ("SCHILY.xattr." + $0, ascii("x")) })
        let archive = extended("x", records) + file.bytes + endOfArchive
        let kept = { (policy: EntryPolicy) in
            try rewritten(archive, policy: policy).flatMap(\.entry.extendedAttributes)
                .map { String(decoding: $0.name, as: UTF8.self) }
        }
        #expect(try kept(EntryPolicy()) == ["security.capability"])
        var policy = EntryPolicy()
        policy.keepsExtendedAttributes = true
        #expect(try kept(policy) == ["security.capability", "user.a"])
    }

    @Test func namesFromOutside() throws {
        for name in ["../a", "a/../../b", ".."] {
            #expect(isRefused(ForeignHeader(name: ascii(name)).bytes + endOfArchive, at: name))
        }
        let absolute = ForeignHeader(name: ascii("/a//b")).bytes + endOfArchive
        #expect(try rewritten(absolute).map(\.entry.path) == [ascii("a/b")])
    }

    @Test func twice() throws {
        #expect(isRefused(file.bytes + file.bytes + endOfArchive, at: "./a/file"))
        let other = file.with { $0.name = ascii("a//file") }
        #expect(isRefused(file.bytes + other.bytes + endOfArchive, at: "a//file"))
        let twoDirectories = directory.bytes + file.bytes + directory.bytes + endOfArchive
        #expect(try rewritten(twoDirectories).count == 2)
        let turned = directory.with { $0.type = UInt8(ascii: "0") }.with { $0.name = ascii("a") }
        #expect(isRefused(directory.bytes + turned.bytes + endOfArchive, at: "a"))
    }

    /// A link to a target outside the layer would link to whatever the base has, or to nothing.
    @Test func hardLinks() throws {
        #expect(isRefused(link.bytes + file.bytes + endOfArchive, at: "./a/link"))
        #expect(isRefused(directory.bytes + link.bytes + endOfArchive, at: "./a/link"))
        let toDirectory = link.with { $0.linkTarget = ascii("a") }
        #expect(isRefused(directory.bytes + toDirectory.bytes + endOfArchive, at: "./a/link"))
        let toItself = link.with { $0.linkTarget = ascii("a/link") }
        #expect(isRefused(toItself.bytes + endOfArchive, at: "./a/link"))
        let archive = file.bytes + link.bytes + endOfArchive
        #expect(throws: TarError.self) {
            try rewritten(archive) { $0.excludes = try excluding("a/file") }
        }
        let withoutLink = try rewritten(archive) { $0.excludes = try excluding("a/link") }
        #expect(withoutLink.map(\.entry.path) == [ascii("a/file")])
    }

    @Test func whiteouts() throws {
        let whiteout = { (name: String) in ForeignHeader(name: ascii(name)) }
        let kept = try rewritten(
            whiteout("a/.wh.b").bytes + whiteout("a/.wh..wh..opq").bytes + endOfArchive)
        #expect(kept.count == 2)
        // Leftovers of aufs at the top are not part of the image.
        for name in [".wh..wh.aufs", ".wh..wh.plnk/1.2"] {
            #expect(try rewritten(whiteout(name).bytes + endOfArchive).isEmpty)
        }
        for name in [".wh.", "a/.wh..", "a/.wh..wh.plnk", "a/.wh.b/c"] {
            #expect(isRefused(whiteout(name).bytes + endOfArchive, at: name), "\(name)")
        }
        let full = whiteout(".wh.a").entry(ascii("x"))
        #expect(isRefused(full + endOfArchive, at: ".wh.a"))
        let asDirectory = whiteout("a/.wh.b/").with { $0.type = UInt8(ascii: "5") }
        #expect(isRefused(asDirectory.bytes + endOfArchive, at: "a/.wh.b/"))
    }

    @Test func deletionsComeOnce() throws {
        let archive =
            ForeignHeader(name: ascii("b/.wh.x")).bytes
            + ForeignHeader(name: ascii("b/.wh..wh..opq")).bytes + endOfArchive
        let entries = try rewritten(archive) {
            $0.rootDirectory = [ascii("r")]
            let directory = [ascii("r"), ascii("b")]
            $0.whiteouts = [directory + [ascii("x")], directory + [ascii("x")], [ascii("top")]]
            $0.opaqueDirectories = [directory, []]
        }
        #expect(
            entries.map { String(decoding: $0.entry.path, as: UTF8.self) } == [
                ".wh..wh..opq", "r/b/.wh..wh..opq", ".wh.top", "r/b/.wh.x",
            ])
        #expect(entries.allSatisfy { $0.entry.kind == .file && $0.entry.mode == 0o644 })
    }

    @Test func devices() throws {
        let device = ForeignHeader(
            name: ascii("d"), type: UInt8(ascii: "4"),
            more: [(329, ascii("0000403\0")), (337, ascii("3777777\0"))])
        let entry = try #require(try rewritten(device.bytes + endOfArchive).first?.entry)
        #expect(entry.deviceMajor == 259)
        #expect(entry.deviceMinor == 1_048_575)
        let unknown = device.with { $0.more[1].text = [0x80, 0, 0, 0, 0, 0x20, 0, 0] }
        #expect(throws: TarError.self) { try rewritten(unknown.bytes + endOfArchive) }
        let negative = device.with { $0.more[1].text = [UInt8](repeating: 0xFF, count: 8) }
        #expect(throws: TarError.self) { try rewritten(negative.bytes + endOfArchive) }
    }
}
