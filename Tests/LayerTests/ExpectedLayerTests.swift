import ByteStream
import Glibc
import JSON
import OCI
import Tar
import TestSupport
import Testing

@testable import Layer

@Suite struct ExpectedLayerTests {
    /// Three layers; each has a file of its own and a file that the next layer replaces.
    static let tars = (0..<3).map { number in
        tarFile("own-\(number)", Array("\(number)".utf8))
            + tarFile("shared", [UInt8](repeating: UInt8(number), count: 700 * number))
            + [UInt8](repeating: 0, count: 1024)
    }
    static let layers = tars.map { expected($0) }

    static func expected(_ tar: [UInt8], diffID: Digest? = nil) -> ExpectedLayer {
        let digest = Digest.of(tar)
        return ExpectedLayer(
            Descriptor(mediaType: .octetStream, digest: digest, size: Int64(tar.count)),
            diffID: diffID ?? digest)
    }

    /// Unpacks the layers listed in a file, and returns the resulting tree.
    func unpack(_ bytes: [UInt8], _ layers: [ExpectedLayer] = layers) throws -> [String: Int] {
        let directory = try TemporaryDirectory()
        let file = temporaryFile()
        defer { close(file) }
        try FileDescriptor(rawValue: file).writeAll(bytes)
        lseek(file, 0, SEEK_SET)
        let extractor = try TreeExtractor(directory.path, isRootless: true, warn: { _ in })
        try LayerUnpacker().unpack(
            layers, from: InputStream(FileDescriptor(rawValue: file)), with: extractor)
        var found: [String: Int] = [:]
        for name in try Directory.names(in: directory.path) {
            var status = stat()
            _ = directory.path.appending(name).withCString { lstat($0, &status) }
            found[String(decoding: name.bytes, as: UTF8.self)] = Int(status.st_size)
        }
        return found
    }

    @Test func layersFollowOneAnother() throws {
        #expect(
            try unpack(Self.tars.flatMap { $0 })
                == ["own-0": 1, "own-1": 1, "own-2": 1, "shared": 1400])
    }

    @Test func oneLayerIsAllThereIs() throws {
        #expect(try unpack(Self.tars[1], [Self.layers[1]]) == ["own-1": 1, "shared": 700])
    }

    @Test func nothingIsMissingAndNothingFollows() throws {
        let bytes = Self.tars.flatMap { $0 }
        for count in [0, 1, Self.tars[0].count, Self.tars[0].count + 512, bytes.count - 1] {
            #expect(throws: TarError.self) { try unpack(Array(bytes[..<count])) }
        }
        #expect(throws: TarError.self) { try unpack(bytes + [0]) }
        let swapped = [Self.layers[1], Self.layers[0], Self.layers[2]]
        #expect(throws: TarError.self) { try unpack(bytes, swapped) }
    }

    @Test func diffIDOfEachLayerIsChecked() throws {
        var layers = Self.layers
        layers[1] = Self.expected(Self.tars[1], diffID: .of([1, 2, 3]))
        #expect(throws: TarError.self) { try unpack(Self.tars.flatMap { $0 }, layers) }
    }

    @Test func annotationIsADigest() throws {
        var descriptor = Self.layers[0].descriptor
        #expect(try ExpectedLayer(descriptor).diffID == nil)
        descriptor[annotation: Annotation.uncompressed] = "md5:0"
        #expect(throws: JSONError.self) { try ExpectedLayer(descriptor) }
        descriptor[annotation: Annotation.uncompressed] = descriptor.digest.description
        #expect(try ExpectedLayer(descriptor).diffID == descriptor.digest)
    }
}
