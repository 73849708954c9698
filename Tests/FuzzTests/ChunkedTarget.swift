import ByteStream
import Glibc
import Hashing
import OCI

@testable import Layer

/// A tar as zstd:chunked, complete and with a few bytes changed, chosen by the first bytes.
///
/// What is accepted without being decompressed must be what was packed.
@Sendable func checkChunked(_ input: [UInt8]) throws {
    let recipe = input.prefix(12)
    let tar = repaired(Array(input.dropFirst(12))) + [UInt8](repeating: 0, count: 1024)
    guard let layer = try outcome({ try chunked(tar) }).value else { return }
    let whole = try outcome { try described(layer, verifies: true) }
    try expect(whole.value == .of(tar), "what was packed is not read: \(whole)")
    try expect(try outcome { try described(layer, verifies: false) } == whole, "unverified")

    var damaged = layer
    var numbers = recipe.makeIterator()
    while let low = numbers.next(), let high = numbers.next(), let byte = numbers.next() {
        let offset = Int(low) | Int(high) << 8
        // The end, where the table and its footer are, more often than the rest.
        let index = high & 0x80 != 0 ? offset : damaged.count - 1 - offset & 0x7FFF
        if damaged.indices.contains(index) { damaged[index] ^= byte }
    }
    for bytes in [damaged, Array(damaged.dropLast(Int(recipe.first ?? 0)))] {
        let trusted = try outcome { try described(bytes, verifies: false) }
        let verified = try outcome { try described(bytes, verifies: true) }
        try expect(
            verified.isRefused || trusted == verified, "verified \(verified), else \(trusted)")
    }
    if let footer = ChunkedFooter(payload: Array(input.prefix(64))) {
        try expect(ChunkedFooter(payload: footer.payload) != nil, "a footer is not read again")
    }
}

private func chunked(_ tar: [UInt8]) throws -> [UInt8] {
    try withFile(of: tar) { input in
        try withFile(of: []) { file in
            let output = OutputBuffer(file.descriptor, path: file.path, capacity: 1 << 20)
            let settings = ChunkedCompressor.Settings(threads: 1)
            try ChunkedCompressor(settings).compress(input, to: output)
            lseek(file.descriptor.rawValue, 0, SEEK_SET)
            guard let bytes = try file.readAll(limit: 64 << 20) else {
                throw Broken("a layer of more than 64 MiB")
            }
            return bytes
        }
    }
}

private func described(_ bytes: [UInt8], verifies: Bool) throws -> Digest {
    let inspector = LayerInspector(path: "fuzz", verifiesLayer: verifies)
    try forEachPiece(of: bytes, sizes: []) { try inspector.update($0) }
    guard case .tar(let diffID?) = try inspector.finish().content else {
        throw Broken("a zstd stream is no layer")
    }
    return diffID
}
