import ByteStream
import JSON
import OCI
import Testing

@testable import Hashing

/// A source that returns its bytes in pieces of `step`.
private final class SteppingSource: ByteSource {
    private var rest: ArraySlice<UInt8>
    private let step: Int

    init(_ bytes: [UInt8], step: Int) {
        rest = bytes[...]
        self.step = step
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let piece = rest.prefix(min(step, buffer.count))
        buffer.copyBytes(from: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
}

private func drain(_ source: any ByteSource) throws -> [UInt8] {
    var bytes: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 16)
    defer { buffer.deallocate() }
    while true {
        let count = try source.read(into: buffer)
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}

private let message = Array("abc".utf8)
private let messageDigest =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

@Suite struct StreamingDigestTests {
    @Test func theVectorsOfFIPS180() {
        #expect(Digest.of(message).description == messageDigest)
        #expect(
            Digest.of([]).description
                == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            Digest.of(message, algorithm: .sha512).description
                == "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
    }

    @Test(arguments: 1...65)
    func anySplitGivesTheSame(_ step: Int) throws {
        let bytes = (0..<200).map { UInt8($0) }
        let source = HashingSource(SteppingSource(bytes, step: step))
        #expect(try drain(source) == bytes)
        #expect(source.identity == BlobIdentity(digest: .of(bytes), size: 200))
        #expect(try drain(source).isEmpty)
    }

    @Test func anEmptySourceHasAnIdentity() throws {
        let source = HashingSource(MemorySource([]))
        #expect(try drain(source).isEmpty)
        #expect(source.identity == BlobIdentity(digest: .of([]), size: 0))
    }
}

@Suite struct VerifyingSourceTests {
    private func verify(_ bytes: [UInt8], _ digest: Digest, size: Int64?) throws -> [UInt8] {
        try drain(
            VerifyingSource(
                SteppingSource(bytes, step: 2),
                Verifier(digest: digest, size: size, subject: "subject")))
    }

    @Test func whatMatchesPasses() throws {
        #expect(try verify(message, .of(message), size: 3) == message)
        #expect(try verify(message, .of(message, algorithm: .sha512), size: nil) == message)
        #expect(try verify([], .of([]), size: 0).isEmpty)
    }

    @Test func whatDoesNotMatchThrowsInsteadOfEnding() throws {
        let digest = Digest.of(message)
        let other = Digest.of([])
        #expect(
            throws: VerificationError.digest(subject: "subject", expected: other, actual: digest)
        ) { try verify(message, other, size: 3) }
        #expect(throws: VerificationError.size(subject: "subject", expected: 4, actual: 3)) {
            try verify(message, digest, size: 4)
        }
        #expect(throws: VerificationError.tooLong(subject: "subject", expected: 2)) {
            try verify(message, digest, size: 2)
        }
        #expect(throws: VerificationError.size(subject: "subject", expected: 3, actual: 0)) {
            try verify([], digest, size: 3)
        }
    }

    @Test func messagesNameBothSides() {
        let error = VerificationError.digest(
            subject: "layer", expected: .of([]), actual: .of(message))
        #expect(
            error.message
                == "digest mismatch for 'layer': expected \(Digest.of([])), got \(messageDigest)")
        #expect(error.exitStatus == .dataError)
    }
}

@Suite struct MemoryBlobTests {
    @Test func itCanBeSentAgain() throws {
        let blob = MemoryBlob(message)
        #expect(blob.announced == BlobIdentity(digest: .of(message), size: 3))
        #expect(try drain(blob) == message)
        #expect(try drain(blob).isEmpty)
        #expect(blob.rewind())
        #expect(try drain(blob) == message)
    }
}

@Suite struct ImageTests {
    private func image(_ algorithm: Digest.Algorithm = .sha256) -> Image {
        let config = ImageConfig(platform: Platform(os: "linux", architecture: "amd64"))
        let descriptor = Descriptor(
            mediaType: .config, digest: .of(config.bytes, algorithm: algorithm),
            size: Int64(config.bytes.count))
        return Image(manifest: Manifest(config: descriptor), configBytes: config.bytes)
    }

    @Test func theLineCarriesTheConfigAndStoredBytesDoNot() throws {
        let image = image()
        let line = String(decoding: image.line, as: UTF8.self)
        let config =
            #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#
        let data = String(decoding: Base64.encode(Array(config.utf8)), as: UTF8.self)
        let descriptor =
            #"{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\#(Digest.of(Array(config.utf8)))","size":\#(config.utf8.count)"#
        let rest = #""layers":[]}"#
        let start = #"{"schemaVersion":2,"mediaType":"\#(MediaType.manifest)","config":"#
        #expect(line == start + descriptor + #","data":"\#(data)"},"# + rest)
        #expect(image.manifest.storedBytes == Array((start + descriptor + "}," + rest).utf8))
        let read = try Manifest(JSONField(JSON.parse(image.line)))
        #expect(try read.config.embeddedData() == image.configBytes)
        #expect(read.storedBytes == image.manifest.storedBytes)
    }

    @Test(arguments: Digest.Algorithm.allCases)
    func aNewConfigHasItsDigestByTheSameAlgorithm(_ algorithm: Digest.Algorithm) throws {
        var image = image(algorithm)
        var config = try image.config()
        config.append(emptyHistory: [JSONObject()])
        image.setConfig(config)
        #expect(image.configBytes == config.bytes)
        #expect(image.manifest.config.digest == .of(config.bytes, algorithm: algorithm))
        #expect(image.manifest.config.size == Int64(config.bytes.count))
        #expect(image.manifest.config.document["data"] == nil)
    }

    @Test func anArtifactHasNoImageConfig() {
        let bytes = Array("{}".utf8)
        let descriptor = Descriptor(mediaType: .empty, digest: .of(bytes), size: 2)
        let image = Image(manifest: Manifest(config: descriptor), configBytes: bytes)
        #expect(throws: EditError.self) { try image.config() }
    }
}
