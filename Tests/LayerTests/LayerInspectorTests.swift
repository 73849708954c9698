import ByteStream
import Hashing
import OCI
import TestSupport
import Testing

@testable import Layer

private let zeroBlock = [UInt8](repeating: 0, count: 512)

@Suite struct LayerInspectorTests {
    @Test(arguments: LayerForm.all)
    func everyForm(_ form: LayerForm) throws {
        for verifies in [false, true] {
            let descriptor = try describe(form.bytes, verifies: verifies)
            #expect(descriptor.mediaType == form.mediaType)
            #expect(descriptor.diffID == form.diffID)
            #expect(descriptor.digest == Digest.of(form.bytes))
            #expect(descriptor.size == Int64(form.bytes.count))
        }
    }

    @Test(arguments: LayerForm.all)
    func splitsDoNotMatter(_ form: LayerForm) throws {
        let whole = try describe(form.bytes)
        var random = SeededGenerator(11)
        for limit in [1, 2, 7, 300, 5000] {
            for verifies in [false, true] {
                let pieces = random.pieces(of: form.bytes, limit: limit)
                #expect(try describe(pieces, verifies: verifies) == whole)
            }
        }
    }

    /// The property that the design rests on.
    @Test(arguments: LayerForm.all)
    func noCutIsALayer(_ form: LayerForm) {
        for count in 0..<form.bytes.count {
            for verifies in [false, true] {
                do {
                    let descriptor = try describe(
                        Array(form.bytes[..<count]), verifies: verifies)
                    // Too few bytes to recognise a format count as other bytes.
                    let isAnything = count <= form.undecidedByteCount
                    #expect(isAnything && descriptor.diffID == nil, "cut at \(count)")
                    #expect(descriptor.mediaType == .octetStream)
                } catch {
                    #expect((error as? any Failure)?.exitStatus == .dataError)
                }
            }
            #expect(throws: LayerError.self, "declared, cut at \(count)") {
                try describe(Array(form.bytes[..<count]), declared: form.mediaType)
            }
        }
    }

    /// Decompression finds damage: no damaged layer passes as another layer.
    @Test(arguments: LayerForm.all.filter(\.hasChecksum))
    func noFlippedByteIsAnotherLayer(_ form: LayerForm) {
        var random = SeededGenerator(9)
        var found = 0
        for index in form.bytes.indices {
            var flipped = form.bytes
            flipped[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
            do {
                let descriptor = try describe(flipped, declared: form.mediaType, verifies: true)
                // Only bytes without influence on the content may change: a time, the size of a
                // window, a skippable frame.
                #expect(descriptor.diffID == form.diffID, "byte \(index)")
                #expect(descriptor.digest != Digest.of(form.bytes))
            } catch {
                found += 1
            }
        }
        #expect(found > form.bytes.count * 2 / 3)
    }

    /// Text with digits where a header has the mode of a file is not a truncated tar.
    @Test func textIsNotACutTar() throws {
        let name = [UInt8](repeating: 0x61, count: 100)
        #expect(try describe(name + Array("0000644 text".utf8)).mediaType == .octetStream)
        #expect(throws: LayerError.self) { try describe(name + Array("0000644\0text".utf8)) }
        #expect(throws: LayerError.self) { try describe(name + Array("0000644".utf8)) }
    }

    @Test(arguments: [
        (#"{ "schemaVersion": 2 }"#, "a JSON document"), ("BZh9", "a bzip2 file"),
        ("<!DOCTYPE html><p>", "an HTML page"), ("PK\u{3}\u{4}", "a zip file"),
        ("text", "unknown data"),
    ])
    func otherFormatsAreNamed(_ text: String, _ name: String) {
        for bytes in [Array(text.utf8), Array(text.utf8) + Array(repeating: 0x20, count: 600)] {
            #expect {
                try describe(bytes, declared: .layer)
            } throws: { error in
                (error as? LayerError)?.message
                    == "'the layer' is \(name), not \(MediaType.layer)"
            }
        }
    }

    @Test func padding() throws {
        for count in [1, 511, 512, 700, 9216] {
            let tar = smallTar + [UInt8](repeating: 0, count: count)
            let diffID = Digest.of(tar).description
            #expect(try describe(tar).diffID == diffID)
            #expect(try describe(gzipMember(tar)).diffID == diffID)
            #expect(try describe(zstdFrame(tar)).diffID == diffID)
            #expect(try describe(ociZstd(tar)).diffID == diffID)
        }
    }

    @Test func anEmptyTarIsNothingButZeros() throws {
        for count in [1024, 1025, 1536, 10240, 200_000] {
            let tar = [UInt8](repeating: 0, count: count)
            let diffID = Digest.of(tar).description
            for verifies in [false, true] {
                for bytes in [tar, gzipMember(tar), zstdFrame(tar), try ociZstd(tar)] {
                    #expect(try describe(bytes, verifies: verifies).diffID == diffID)
                }
            }
        }
        for count in [512, 700, 1023] {
            #expect(throws: LayerError.self) { try describe([UInt8](repeating: 0, count: count)) }
        }
        #expect(try describe(zeroBlock + zeroBlock + [1]).mediaType == .octetStream)
        #expect(throws: LayerError.self) {
            try describe(zeroBlock + zeroBlock + [1], declared: .layer)
        }
    }

    @Test func nothingAtAll() {
        for declared in [nil, MediaType.layerZstd, .octetStream] {
            #expect {
                try describe([UInt8](), declared: declared)
            } throws: { error in
                if case .empty = error as? LayerError { true } else { false }
            }
        }
    }

    @Test func twoLayersAreNotOne() throws {
        let layer = try ociZstd(smallTar)
        for bytes in [
            layer + layer, layer + zstdFrame(smallTar), zstdFrame(smallTar) + layer,
            gzipMember(smallTar) + gzipMember(smallTar), smallTar + smallTar,
            zstdFrame(smallTar) + zstdFrame(smallTar),
        ] {
            for verifies in [false, true] {
                #expect(throws: LayerError.self) { try describe(bytes, verifies: verifies) }
            }
        }
    }

    @Test func moreAfterTheEnd() throws {
        let layer = try ociZstd(smallTar)
        for bytes in [
            layer + [0], layer + [1, 2, 3], layer + zeroBlock, layer + skippable([1]),
            zstdFrame(smallTar) + [0], zstdFrame(smallTar) + [1, 2, 3, 4],
            gzipMember(smallTar) + [1], gzipMember(smallTar) + zeroBlock + gzipMember([]),
            smallTar + [1], smallTar + zeroBlock + [1],
        ] {
            for verifies in [false, true] {
                #expect(throws: LayerError.self) { try describe(bytes, verifies: verifies) }
            }
        }
        // gzip(1) ignores zeros after a member, as the padding of a tape.
        #expect(try describe(gzipMember(smallTar) + zeroBlock).diffID != nil)
    }

    @Test func aTarInsideThatHasNoEnd() throws {
        let tar = try makeTar([[], []], isWhole: false)
        for bytes in [tar, gzipMember(tar), zstdFrame(tar), try ociZstd(tar, content: .any)] {
            #expect(throws: LayerError.self) { try describe(bytes) }
            #expect(throws: LayerError.self) { try describe(bytes + gzipMember([])) }
        }
        for bytes in [gzipMember([]), zstdFrame([]), skippable([1, 2])] {
            #expect(throws: LayerError.self) { try describe(bytes) }
        }
    }

    @Test func aTrailerThatLies() throws {
        let tar = smallTar
        let layer = try ociZstd(tar)
        let trailer = LayerTrailer(tar: BlobIdentity(digest: .of(tar), size: Int64(tar.count)))
            .frame
        #expect(layer.suffix(trailer.count).elementsEqual(trailer))
        let frame = layer.dropLast(trailer.count)
        for lie in [
            BlobIdentity(digest: .of([1]), size: Int64(tar.count)),
            BlobIdentity(digest: .of(tar), size: Int64(tar.count) + 512),
        ] {
            let lying = frame + LayerTrailer(tar: lie).frame
            #expect(try describe(Array(lying)).diffID == lie.digest.description)
            #expect {
                try describe(Array(lying), verifies: true)
            } throws: { error in
                if case .trailerMismatch = error as? LayerError { true } else { false }
            }
            // After a frame without the mark it is checked in any case.
            #expect(throws: LayerError.self) {
                try describe(zstdFrame(tar) + LayerTrailer(tar: lie).frame)
            }
        }
        #expect(try describe(zstdFrame(tar) + trailer).diffID == Digest.of(tar).description)
        #expect(throws: LayerError.self) { try describe(Array(frame)) }
        #expect(throws: LayerError.self) { try describe(Array(frame), verifies: true) }
    }

    /// What the mark announces is required, whether or not the layer is decompressed.
    @Test func aSecondTrailer() throws {
        let layer = try ociZstd(smallTar)
        let tar = BlobIdentity(digest: .of(smallTar), size: Int64(smallTar.count))
        for verifies in [false, true] {
            #expect {
                try describe(layer + LayerTrailer(tar: tar).frame, verifies: verifies)
            } throws: { error in
                if case .missingTrailer = error as? LayerError { true } else { false }
            }
        }
    }

    @Test func aWindowOfMoreMemoryThanALayerMayTake() throws {
        // A frame header without a size; five bits of the next byte are the window's logarithm
        // above 10.
        func frame(windowLog: UInt8) -> [UInt8] {
            [0x28, 0xB5, 0x2F, 0xFD, 0, (windowLog - 10) << 3, 0x03, 0, 0, 0]
        }
        #expect {
            try describe(frame(windowLog: 28))
        } throws: { error in
            if case .window(_, 1 << 27) = error as? LayerError { true } else { false }
        }
        #expect {
            try describe(frame(windowLog: 27))
        } throws: { error in
            if case .window = error as? LayerError { false } else { true }
        }
    }

    @Test func damageThatOnlyVerifyingFinds() throws {
        let tar = try largeTar(byteCount: 100_000)
        var layer = try ociZstd(tar)
        layer[layer.count / 2] ^= 1
        #expect(try describe(layer).diffID == Digest.of(tar).description)
        #expect(throws: LayerError.self) { try describe(layer, verifies: true) }
    }

    @Test(arguments: LayerForm.all)
    func declaredTypes(_ form: LayerForm) throws {
        let types: [MediaType] = [.layer, .layerGzip, .layerZstd]
        for type in types {
            if type == form.mediaType {
                #expect(try describe(form.bytes, declared: type).mediaType == type)
            } else {
                #expect {
                    try describe(form.bytes, declared: type)
                } throws: { error in
                    if case .contradiction = error as? LayerError { true } else { false }
                }
            }
        }
        // Docker's name of the same type is kept; other types are not examined.
        if form.mediaType == .layerGzip {
            #expect(
                try describe(form.bytes, declared: .dockerLayerGzip).mediaType == .dockerLayerGzip)
        }
        let opaque = try describe(Array(form.bytes.dropLast()), declared: .octetStream)
        #expect(opaque.diffID == nil)
        #expect(opaque.size == Int64(form.bytes.count) - 1)
    }

    @Test func whatIsNoLayer() throws {
        for text in [
            "{}", "x", "text\n", String(repeating: "long text ", count: 200), "PK\u{3}\u{4}",
        ] {
            let descriptor = try describe(Array(text.utf8))
            #expect(descriptor.mediaType == .octetStream)
            #expect(descriptor.diffID == nil)
            for declared in [MediaType.layer, .layerGzip, .layerZstd] {
                #expect(throws: LayerError.self) {
                    try describe(Array(text.utf8), declared: declared)
                }
            }
        }
    }

    /// The diffID is sha256 of the tar, whatever algorithm names the blob.
    @Test(arguments: LayerForm.all)
    func otherDigests(_ form: LayerForm) throws {
        let source = LayerSource(MemorySource(form.bytes), algorithm: .sha512)
        try drain(source)
        #expect(source.descriptor.digest == Digest.of(form.bytes, algorithm: .sha512))
        #expect(source.descriptor.diffID == form.diffID)
    }

    @Test(arguments: LayerForm.all)
    func expectations(_ form: LayerForm) throws {
        func check(_ digest: Digest?, _ size: Int64?) throws {
            try drain(
                LayerSource(
                    MemorySource(form.bytes), expectedDigest: digest, expectedSize: size))
        }
        let size = Int64(form.bytes.count)
        try check(.of(form.bytes), size)
        try check(.of(form.bytes, algorithm: .sha512), nil)
        #expect(throws: LayerError.self) { try check(.of([1]), nil) }
        #expect(throws: LayerError.self) { try check(nil, size - 1) }
        #expect(throws: LayerError.self) { try check(nil, size + 1) }
    }
}
