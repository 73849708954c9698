import ByteStream
import TestSupport
import Testing

@testable import Tar

@Suite struct TarReaderTests {
    @Test func everyFormat() throws {
        let data = (0..<1300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let entries = try readEntries(mixedArchive)
        #expect(
            entries.map(\.entry.path) == [
                ascii("old/"), ascii("old/file"),
                ascii("long/" + String(repeating: "n", count: 300)), ascii("päx"),
                ascii("empty"), ascii("link"),
            ])
        #expect(
            entries.map(\.entry.kind) == [
                .directory, .file, .symbolicLink, .file, .file, .hardLink,
            ])
        #expect(entries[1].data == data)
        #expect(
            entries[2].entry.linkTarget == ascii("to/" + String(repeating: "t", count: 200)))
        #expect(entries[3].data == Array(data.prefix(512)))
        #expect(entries[3].entry.modificationTime == 12)
        #expect(entries[5].entry.linkTarget == ascii("empty"))
    }

    @Test(arguments: [1, 3, 511, 512, 513, 4096])
    func splitsDoNotMatter(_ limit: Int) throws {
        let whole = try readEntries(mixedArchive)
        var random = SeededGenerator(UInt64(limit))
        for _ in 0..<3 {
            let pieces = random.pieces(of: mixedArchive, limit: limit)
            #expect(try withInput(pieces: pieces) { try readEntries($0) } == whole)
        }
    }

    /// Entries that lie across the ends of the reader's buffer.
    @Test func largerThanTheBuffer() throws {
        var random = SeededGenerator(3)
        var archive: [UInt8] = []
        var expected: [[UInt8]] = []
        while archive.count < 5 * bufferByteCount {
            let data = [UInt8](
                repeating: .random(in: 0...255, using: &random),
                count: .random(in: 0...300_000, using: &random))
            expected.append(data)
            archive += extended("L", ascii("f\(expected.count)\0"))
            archive += ForeignHeader(format: .gnu).entry(data)
        }
        let entries = try readEntries(archive + endOfArchive)
        #expect(entries.map(\.data) == expected)
        #expect(entries.last?.entry.path == ascii("f\(expected.count)"))
    }

    @Test func everyCutIsFound() {
        // One zero block is an end; a part of a second one is a truncated tar.
        for count in 0..<mixedArchive.count where count != mixedArchive.count - 512 {
            #expect(throws: TarError.self, "cut at \(count)") {
                try readEntries(Array(mixedArchive[..<count]))
            }
        }
    }

    @Test func afterTheEnd() throws {
        for count in [0, 1, 511, 512, 9216, 2_000_000] {
            #expect(try readEntries(mixedArchive + zeros(count)).count == 6)
            #expect(try readEntries(mixedArchive + zeros(count) + [1]).count == 6)
            #expect(try readEntries(mixedArchive + zeros(count) + mixedArchive).count == 6)
        }
        #expect(try readEntries(zeros(10240)).isEmpty)
        #expect(try readEntries(zeros(512)).isEmpty)
        // Entries after a single zero block are refused.
        #expect(throws: TarError.self) {
            try readEntries(mixedArchive.dropLast(512) + mixedArchive)
        }
    }

    /// With and without skipping the data.
    @Test func anOldDirectoryWithData() throws {
        let old = ForeignHeader(format: .v7, name: ascii("d/"), type: 0)
        #expect(try readEntries(old.bytes + endOfArchive).map(\.entry.kind) == [.directory])
        let record = extended("x", paxRecords([("size", ascii("1"))]))
        for archive in [old.with { $0.size = octal(1) }.bytes, record + old.bytes] {
            #expect {
                try readEntries(archive + zeros(512) + endOfArchive)
            } throws: { error in
                if case .malformed = error as? TarError { true } else { false }
            }
        }
    }

    @Test func numbersInBase256() throws {
        let entries = try readEntries(
            ForeignHeader(
                format: .gnu, uid: [0x80, 0, 0, 0, 0, 0x20, 0, 0],
                gid: [0x80, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFE],
                time: [UInt8](repeating: 0xFF, count: 11) + [0xFE]
            ).bytes + endOfArchive)
        #expect(entries.first?.entry.uid == 2_097_152)
        #expect(entries.first?.entry.gid == 4_294_967_294)
        #expect(entries.first?.entry.modificationTime == -2)
    }

    /// In place of ustar's prefix GNU tar can have times of access and change.
    @Test func fieldsOfGNUAreNoPrefix() throws {
        let header = ForeignHeader(
            format: .gnu, more: [(345, ascii("14524751400\0")), (357, ascii("14524751400\0"))])
        #expect(try readEntries(header.bytes + endOfArchive).map(\.entry.path) == [ascii("file")])
        let ustar = ForeignHeader(more: [(345, ascii("a/b"))])
        #expect(
            try readEntries(ustar.bytes + endOfArchive).map(\.entry.path) == [ascii("a/b/file")])
    }

    @Test func paxRecordsStandOverTheHeader() throws {
        let records = paxRecords([
            ("SCHILY.xattr.user.b", [0, 1, 0x0A]), ("SCHILY.xattr.user.a", ascii("x=y")),
            ("atime", ascii("1.5")), ("comment", ascii("no")), ("gid", ascii("4294967294")),
            ("linkpath", ascii("tö")), ("mtime", ascii("-1.5")), ("path", [0xFF, 0x2F, 0x66]),
            ("uid", ascii("2097152")), ("uname", ascii("root")),
        ])
        let entry = try #require(
            try readEntries(
                extended("x", records)
                    + ForeignHeader(type: UInt8(ascii: "2"), linkTarget: ascii("t")).bytes
                    + endOfArchive
            ).first?.entry)
        #expect(entry.path == [0xFF, 0x2F, 0x66])
        #expect(entry.linkTarget == ascii("tö"))
        #expect(entry.uid == 2_097_152)
        #expect(entry.gid == 4_294_967_294)
        #expect(entry.modificationTime == -2)
        #expect(entry.extendedAttributes.map(\.name) == [ascii("user.a"), ascii("user.b")])
        #expect(entry.extendedAttributes.map(\.value) == [ascii("x=y"), [0, 1, 0x0A]])
    }

    /// An empty value cancels a record (POSIX, pax, "pax Extended Header").
    @Test func emptyRecordsSayNothing() throws {
        let records = paxRecords([
            ("path", []), ("size", []), ("uid", []), ("mtime", []), ("linkpath", []),
        ])
        let archive = extended("x", records) + ForeignHeader().entry(ascii("data")) + endOfArchive
        try follow(archive)
        let entry = try #require(try readEntries(archive).first)
        #expect(entry.entry.path == ascii("file"))
        #expect(entry.data == ascii("data"))
    }

    @Test func theLastOfTwoRecordsCounts() throws {
        let records = paxRecords([
            ("SCHILY.xattr.user.a", ascii("1")), ("path", ascii("first")),
            ("path", ascii("last")), ("SCHILY.xattr.user.a", ascii("2")),
        ])
        let entry = try #require(
            try readEntries(extended("x", records) + ForeignHeader().bytes + endOfArchive).first)
        #expect(entry.entry.path == ascii("last"))
        #expect(entry.entry.extendedAttributes.map(\.value) == [ascii("2")])
    }

    @Test func globalHeadersAreDropped() throws {
        let archive =
            extended("g", paxRecords([("path", ascii("every")), ("mtime", ascii("9"))]))
            + ForeignHeader().bytes + endOfArchive
        try follow(archive)
        let entry = try #require(try readEntries(archive).first?.entry)
        #expect(entry.path == ascii("file"))
        #expect(entry.modificationTime == 0)
    }

    @Test func extendedHeadersSpeakOfOneEntry() throws {
        let archive =
            extended("L", ascii("long\0")) + ForeignHeader(format: .gnu).bytes
            + extended("x", paxRecords([("uid", ascii("5"))])) + ForeignHeader().bytes
            + ForeignHeader(name: ascii("last")).bytes + endOfArchive
        let entries = try readEntries(archive).map(\.entry)
        #expect(entries.map(\.path) == [ascii("long"), ascii("file"), ascii("last")])
        #expect(entries.map(\.uid) == [0, 5, 0])
    }

    @Test func modesOfOldTools() throws {
        // Some programs write the file type into the mode.
        let header = ForeignHeader(mode: ascii("104755 \0"))
        #expect(try readEntries(header.bytes + endOfArchive).map(\.entry.mode) == [0o4755])
    }

    @Test(arguments: ["M", "N", "X", "Z"])
    func whatALayerCannotHold(_ type: String) {
        let header = ForeignHeader(format: .gnu, name: ascii("dir/the name"), type: ascii(type)[0])
        #expect {
            try readEntries(header.bytes + endOfArchive)
        } throws: { error in
            guard case .unsupported(let path, _) = error as? TarError else { return false }
            return path == "dir/the name"
        }
    }

    @Test func malformed() {
        let record = { (key: String, value: [UInt8]) in
            extended("x", paxRecords([(key, value)])) + ForeignHeader().bytes + endOfArchive
        }
        for archive in [
            record("path", [0x61, 0, 0x62]), record("linkpath", [0]), record("uid", ascii("-1")),
            record("uid", ascii("1.5")), record("mtime", ascii("x")), record("mtime", ascii("1.x")),
            record("mtime", ascii(".")), record("mtime", ascii("-")), record("mtime", ascii("..5")),
            ForeignHeader(name: []).bytes + endOfArchive,
            ForeignHeader(uid: ascii("000000x\0")).bytes + endOfArchive,
            ForeignHeader(mode: ascii("rw-r--r-")).bytes + endOfArchive,
            ForeignHeader(time: ascii("9999999999\0\0")).bytes + endOfArchive,
            extended("L", []) + ForeignHeader().bytes + endOfArchive,
            ForeignHeader(type: UInt8(ascii: "x"), size: octal(2 << 20)).bytes + zeros(3 << 20),
        ] {
            #expect {
                try readEntries(archive)
            } throws: { error in
                if case .malformed = error as? TarError { true } else { false }
            }
        }
    }

    @Test func namesOfAHundredBytes() throws {
        let name = ascii(String(repeating: "n", count: 100))
        let target = ascii(String(repeating: "t", count: 100))
        let entry = try readEntries(
            ForeignHeader(name: name, type: UInt8(ascii: "2"), linkTarget: target).bytes
                + endOfArchive
        ).first?.entry
        #expect(entry?.path == name)
        #expect(entry?.linkTarget == target)
    }
}

@Suite struct TarHeaderRecognitionTests {
    @Test func firstBlocks() {
        #expect(isTarHeader(ForeignHeader().bytes))
        #expect(isTarHeader(ForeignHeader(format: .v7).bytes + [1, 2, 3]))
        // Without a name, which only the reader refuses.
        #expect(isTarHeader(ForeignHeader(name: []).bytes))
        #expect(!isTarHeader(Array(ForeignHeader().bytes.dropLast())))
        #expect(!isTarHeader(zeros(512)))
        #expect(!isTarHeader([UInt8](repeating: 0x20, count: 512)))
        #expect(!isTarHeader([UInt8](repeating: 0x41, count: 512)))
    }
}
