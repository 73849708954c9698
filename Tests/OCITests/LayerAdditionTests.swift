import JSON
import Testing

@testable import OCI

private let entry = ImageConfig.historyEntry(created: nil, createdBy: "test")

private func annotated(_ type: MediaType, diffID: String) throws -> Descriptor {
    var descriptor = try descriptor(type, "a")
    descriptor[annotation: Annotation.uncompressed] = diffID
    return descriptor
}

@Suite struct LayerAdditionTests {
    @Test func theAnnotationIsTheDiffIDAndGoes() throws {
        let descriptor = try annotated(.layerZstd, diffID: digestText("b"))
        let addition = try LayerAddition(descriptor, history: entry)
        #expect(addition.diffID == (try digest("b")))
        #expect(addition.descriptor.document["annotations"] == nil)
    }

    @Test func otherAnnotationsStay() throws {
        var descriptor = try annotated(.layerZstd, diffID: digestText("b"))
        descriptor[annotation: "k"] = "v"
        let addition = try LayerAddition(descriptor, history: entry)
        #expect(text(addition.descriptor.document).hasSuffix(#""annotations":{"k":"v"}}"#))
    }

    @Test func anUncompressedTarIsItsOwnDiffID() throws {
        for type: MediaType in [.layer, .dockerLayer] {
            let addition = try LayerAddition(descriptor(type, "a"), history: entry)
            #expect(addition.diffID == (try digest("a")))
        }
    }

    @Test func aStatedDiffIDServesWhereNoneIsKnown() throws {
        let stated = try digest("b")
        let addition = try LayerAddition(
            descriptor(.layerGzip, "a"), diffID: stated, history: entry)
        #expect(addition.diffID == stated)
        // Repeating a known fact is no contradiction.
        _ = try LayerAddition(
            annotated(.layerGzip, diffID: digestText("b")), diffID: stated, history: entry)
    }

    @Test func unknownAndContradictoryDiffIDsAreRefused() throws {
        let unknown = #expect(throws: EditError.self) {
            try LayerAddition(descriptor(.layerGzip, "a"), history: entry)
        }
        #expect(unknown?.text.contains("--diff-id") == true)
        #expect(throws: EditError.self) {
            try LayerAddition(
                annotated(.layerGzip, diffID: digestText("b")), diffID: digest("c"),
                history: entry)
        }
        #expect(throws: EditError.self) {
            try LayerAddition(annotated(.layer, diffID: digestText("b")), history: entry)
        }
        #expect(throws: EditError.self) {
            try LayerAddition(descriptor(.layer, "a"), diffID: digest("b"), history: entry)
        }
        #expect(throws: EditError.self) {
            try LayerAddition(annotated(.layerGzip, diffID: "sha256:x"), history: entry)
        }
    }

    @Test(arguments: [
        MediaType.config, .manifest, .empty, .octetStream, MediaType("text/plain"),
    ])
    func whatIsNoLayerIsRefused(_ type: MediaType) throws {
        #expect(throws: EditError.self) {
            try LayerAddition(annotated(type, diffID: digestText("b")), history: entry)
        }
    }

    @Test func aDockerImageBecomesOneOfOCI() throws {
        let layers = [
            descriptorText(.dockerLayerGzip, "a"), descriptorText(.dockerForeignLayerGzip, "b"),
        ]
        var manifest = try manifest(layers: layers, type: .dockerManifest, config: .dockerConfig)
        var config = try config(
            #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["\#(digestText("1"))","\#(digestText("2"))"]}}"#
        )
        let additions = [
            try LayerAddition(descriptor(.dockerLayer, "d"), history: entry),
            try LayerAddition(annotated(.layerZstd, diffID: digestText("e")), history: entry),
        ]
        try manifest.append(additions, to: &config)
        #expect(manifest.mediaType == .manifest)
        #expect(manifest.config.mediaType == .config)
        #expect(
            manifest.layers.map(\.mediaType) == [
                .layerGzip, .nondistributableGzip, .layer, .layerZstd,
            ])
        #expect(manifest.document["mediaType"] == .string(MediaType.manifest.rawValue))
        #expect(
            config.diffIDs == [try digest("1"), try digest("2"), try digest("d"), try digest("e")])
        // The base had no history: an entry for each of its layers is added first.
        #expect(
            config.history.map { text($0) } == ["{}", "{}"]
                + Array(repeating: text(entry), count: 2))
    }

    @Test func anImageThatContradictsItselfIsRefused() throws {
        let addition = try LayerAddition(descriptor(.layer, "a"), history: entry)
        let layer = descriptorText(.layerGzip, "a")
        for layers in [[], [layer, layer]] {
            var manifest = try manifest(layers: layers)
            var config = try config(run: "{}")
            #expect(throws: EditError.self) { try manifest.append([addition], to: &config) }
        }
        var manifest = try manifest(layers: [])
        var crowded = try config(
            #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"},"history":[{}]}"#)
        #expect(throws: EditError.self) { try manifest.append([addition], to: &crowded) }
        var attestation = try config(
            #"{"architecture":"unknown","os":"unknown","rootfs":{"type":"layers"}}"#)
        #expect(throws: EditError.self) { try manifest.append([addition], to: &attestation) }
    }
}
