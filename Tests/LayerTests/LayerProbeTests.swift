import ByteStream
import OCI
import TestSupport
import Testing

@testable import Layer

@Suite struct LayerProbeTests {
    @Test(arguments: LayerForm.all)
    func everyForm(_ form: LayerForm) throws {
        #expect(try probe([form.bytes]) == form.mediaType)
        #expect(try probe(form.bytes.map { [$0] }) == form.mediaType)
    }

    @Test func otherBytes() throws {
        let texts = ["", "a", "#!/bin/sh\n", String(repeating: "text\n", count: 10_000)]
        for text in texts {
            #expect(try probe([Array(text.utf8)]) == .octetStream)
        }
    }

    /// Half a layer is not packed as a file.
    @Test func cutCompressedLayer() throws {
        #expect(try probe([[0x28, 0xB5, 0x2F, 0xFD, 0x04]]) == LayerCompression.zstd.mediaType)
        #expect(try probe([[0x1F, 0x8B, 0x08]]) == LayerCompression.gzip.mediaType)
    }

    private func probe(_ pieces: [[UInt8]]) throws -> MediaType {
        try LayerProbe.mediaType(of: PieceSource(pieces))
    }
}
