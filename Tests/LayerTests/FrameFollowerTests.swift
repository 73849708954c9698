import Hashing
import TestSupport
import Testing

@testable import Layer

private func follow(_ pieces: [[UInt8]]) throws -> FrameFollowerState {
    var follower = FrameFollower(path: "the layer")
    for piece in pieces {
        try piece.withRawBytes { (bytes) throws(LayerError) in try follower.update(bytes) }
    }
    try follower.finish()
    return FrameFollowerState(
        frames: follower.frameCount, skippables: follower.skippableCount,
        trailer: follower.trailer, isMarked: follower.isMarked)
}

private struct FrameFollowerState: Equatable {
    let frames: Int
    let skippables: Int
    let trailer: LayerTrailer?
    let isMarked: Bool?
}

private let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

/// The header of a block: its size, its type, and whether it is the last.
private func blockHeader(_ size: Int, type: Int = 0, isLast: Bool = true) -> [UInt8] {
    let value = size << 3 | type << 1 | (isLast ? 1 : 0)
    return [UInt8(value & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value >> 16 & 0xFF)]
}

@Suite struct FrameFollowerTests {
    @Test func splitsDoNotMatter() throws {
        let bytes = try ociZstd(largeTar(byteCount: 300_000))
        let whole = try follow([bytes])
        #expect(whole.frames == 1 && whole.skippables == 1 && whole.isMarked == true)
        #expect(whole.trailer != nil)
        var random = SeededGenerator(5)
        for limit in [1, 5, 1000, 100_000] {
            #expect(try follow(random.pieces(of: bytes, limit: limit)) == whole)
        }
    }

    /// Every combination of the frame header's flags.
    @Test func headersOfEveryLength() throws {
        for descriptor in 0...255 where descriptor & 0x08 == 0 {
            let isSingle = descriptor & 0x20 != 0
            let header =
                (isSingle ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]
                + [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]
            let checksum = descriptor & 4 != 0 ? 4 : 0
            let frame =
                magic + [UInt8(descriptor)] + [UInt8](repeating: 0xFF, count: header)
                + blockHeader(2) + [0xFD, 0x28] + [UInt8](repeating: 0xFF, count: checksum)
            #expect(try follow([frame]).frames == 1)
            #expect(try follow([frame + frame]).frames == 2)
            #expect(LayerMark.offset(in: frame) == 5 + header)
            for count in 1..<frame.count {
                #expect(throws: LayerError.self) { try follow([Array(frame[..<count])]) }
            }
            #expect(throws: LayerError.self) { try follow([frame + [0]]) }
        }
    }

    @Test func blocks() throws {
        let header = magic + [0, 0]
        let limit = 128 << 10
        // A block of one repeated byte has one byte, whatever its decompressed size.
        #expect(try follow([header + blockHeader(limit, type: 1) + [7]]).frames == 1)
        let raw = [UInt8](repeating: 0x28, count: limit)
        #expect(try follow([header + blockHeader(limit) + raw]).frames == 1)
        let several =
            blockHeader(3, isLast: false) + [1, 2, 3] + blockHeader(0, isLast: false)
            + blockHeader(9, type: 1, isLast: false) + [4] + blockHeader(0)
        #expect(try follow([header + several]).isMarked == false)
        #expect(try follow([header + blockHeader(0, isLast: false) + several]).isMarked == true)
        for bad in [
            header + blockHeader(limit + 1) + raw + [0], header + blockHeader(2, type: 3) + [1, 2],
            magic + [0x08, 0] + blockHeader(0), [1, 2, 3, 4] + header,
        ] {
            #expect(throws: LayerError.self) { try follow([bad]) }
        }
    }

    @Test func skippableFrames() throws {
        let frame = zstdFrame([1, 2, 3])
        for magic in UInt32(0x184D_2A50)...0x184D_2A5F {
            let state = try follow([frame + skippable([9, 9], magic: magic)])
            #expect(
                state
                    == FrameFollowerState(
                        frames: 1, skippables: 1, trailer: nil, isMarked: false))
        }
        #expect(throws: LayerError.self) { try follow([frame + skippable([], magic: 0x184D_2A60)]) }
        #expect(throws: LayerError.self) { try follow([skippable([1])]) }
        let trailer = LayerTrailer(tar: BlobIdentity(digest: .of([1]), size: 1024))
        #expect(try follow([frame + trailer.frame]).trailer == trailer)
        // Only the last frame is a trailer.
        #expect(try follow([frame + trailer.frame + skippable([])]).trailer == nil)
        #expect(try follow([frame + trailer.frame + frame]).trailer == nil)
        #expect(try follow([trailer.frame + frame]).trailer == nil)
    }

    @Test func trailerGolden() throws {
        let trailer = LayerTrailer(tar: BlobIdentity(digest: .of([]), size: 10240))
        let payload =
            #"{"mediaType":"application/vnd.oci.image.layer.v1.tar","#
            + #""digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","#
            + #""size":10240}"#
        #expect(
            trailer.frame == [0x5D, 0x2A, 0x4D, 0x18, UInt8(payload.utf8.count), 0, 0, 0]
                + Array(payload.utf8))
        #expect(LayerTrailer(payload: Array(payload.utf8)) == trailer)
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #"{"mediaType":"application/vnd.oci.image.layer.v1.tar"}"#,
        #"{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":1}"#,
        #"{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:e3b0","size":1}"#,
        #"{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":-1}"#,
    ])
    func whatIsNoTrailer(_ payload: String) throws {
        #expect(LayerTrailer(payload: Array(payload.utf8)) == nil)
        let layer = try ociZstd(smallTar)
        let trailer = LayerTrailer(
            tar: BlobIdentity(digest: .of(smallTar), size: Int64(smallTar.count))
        ).frame
        let forged =
            layer.dropLast(trailer.count)
            + skippable(
                Array(payload.utf8), magic: LayerTrailer.magic)
        for verifies in [false, true] {
            #expect(throws: LayerError.self) { try describe(Array(forged), verifies: verifies) }
        }
    }
}
