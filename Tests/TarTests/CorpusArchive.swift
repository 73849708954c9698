import ByteStream
import TestSupport
import Testing

@testable import Tar

/// A pax header of the next entry.
func paxHeader(_ records: [(String, String)]) -> [UInt8] {
    extended("x", paxRecords(records.map { ($0.0, ascii($0.1)) }))
}

/// A tar, and its entries: type, path, size, and other notable fields.
struct CorpusArchive: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    /// nil if it is refused.
    let entries: [String]?

    init(_ description: String, _ bytes: [UInt8], _ entries: [String]?) {
        testDescription = description
        self.bytes = bytes
        self.entries = entries
    }

    /// Checks that the reader finds the entries, or refuses the tar, and that the follower agrees.
    func check() throws {
        let tar = bytes + endOfArchive
        guard let entries else {
            #expect(throws: TarError.self) { try summaries(tar) }
            return
        }
        #expect(try summaries(tar) == entries)
        if !testDescription.hasPrefix("two tars") { try follow(tar) }
    }

    /// The data is not kept in memory: some files have gibibytes of holes.
    private func summaries(_ bytes: [UInt8]) throws -> [String] {
        try withInput(bytes) { input in
            var reader = TarReader(input)
            var entries: [String] = []
            while let entry = try reader.next() {
                entries.append(entry.summary)
                try reader.skipData()
            }
            return entries
        }
    }
}

extension TarEntry {
    /// Type, path, size, and other notable fields.
    fileprivate var summary: String {
        var words = [
            String(decoding: [kind.rawValue], as: UTF8.self), Path(path).description, "\(size)",
        ]
        if !linkTarget.isEmpty { words.append("-> \(Path(linkTarget))") }
        if uid != 0 || gid != 0 { words.append("\(uid):\(gid)") }
        if modificationTime != 0 || modificationNanoseconds != 0 {
            words.append("@\(modificationTime).\(modificationNanoseconds)")
        }
        for attribute in extendedAttributes {
            words.append(
                String(decoding: attribute.name, as: UTF8.self) + "="
                    + String(decoding: attribute.value, as: UTF8.self))
        }
        return words.joined(separator: " ")
    }
}
