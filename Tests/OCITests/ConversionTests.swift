import JSON
import Testing

@testable import OCI

private let dockerTypes: [MediaType] = [
    .dockerLayer, .dockerLayerGzip, .dockerForeignLayer, .dockerForeignLayerGzip,
]
private let ociTypes: [MediaType] = [
    .layer, .layerGzip, .nondistributable, .nondistributableGzip,
]

private func docker() throws -> Manifest {
    try manifest(
        layers: dockerTypes.map { descriptorText($0, "a") }, type: .dockerManifest,
        config: .dockerConfig)
}

private func oci(with members: String = "") throws -> Manifest {
    try Manifest(
        field(
            #"{"schemaVersion":2,"config":\#(descriptorText(.config, "c")),"layers":[\#(descriptorText(.layerGzip, "a"))]\#(members)}"#
        ))
}

@Suite struct ConversionTests {
    @Test func bothDirectionsAreExact() throws {
        let docker = try docker()
        var manifest = docker
        try manifest.convert(to: .oci)
        #expect(manifest.mediaType == .manifest)
        #expect(manifest.config.mediaType == .config)
        #expect(manifest.layers.map(\.mediaType) == ociTypes)
        #expect(manifest.layers.map(\.digest) == docker.layers.map(\.digest))
        let oci = manifest
        try manifest.convert(to: .oci)
        #expect(manifest == oci)
        try manifest.convert(to: .docker)
        #expect(manifest == docker)
        #expect(manifest.storedBytes == docker.storedBytes)
    }

    @Test func aManifestWithoutATypeGetsOne() throws {
        var manifest = try oci()
        try manifest.convert(to: .docker)
        #expect(
            text(manifest.document).hasPrefix(
                #"{"schemaVersion":2,"mediaType":"\#(MediaType.dockerManifest)","config""#))
    }

    @Test func zstdLayersAreNotForDocker() throws {
        var manifest = try manifest(layers: [
            descriptorText(.layerGzip, "a"), descriptorText(.layerZstd, "b"),
        ])
        let original = manifest
        let error = #expect(throws: EditError.self) { try manifest.convert(to: .docker) }
        #expect(error?.text.hasPrefix("layers[1].mediaType: ") == true)
        #expect(error?.text.contains("zstd") == true)
        #expect(manifest == original)
    }

    @Test func dockersZstdLayersBecomeOCIs() throws {
        var manifest = try manifest(
            layers: [descriptorText(.dockerLayerZstd, "a")], type: .dockerManifest,
            config: .dockerConfig)
        try manifest.convert(to: .oci)
        #expect(manifest.layers.map(\.mediaType) == [.layerZstd])
    }

    @Test(arguments: [
        (#","annotations":{"a.b":"c"}"#, #"annotations["a.b"]"#),
        (#","artifactType":"a/b""#, "artifactType"),
        (#","subject":\#(descriptorText(.manifest, "d"))"#, "subject"),
    ])
    func whatDockerCannotSayIsRefused(_ members: String, _ path: String) throws {
        var manifest = try oci(with: members)
        let error = #expect(throws: EditError.self) { try manifest.convert(to: .docker) }
        #expect(error?.path.text == path)
    }

    @Test func annotationsOfALayerAreRefused() throws {
        var manifest = try oci()
        var layer = manifest.layers[0]
        layer[annotation: "a"] = "b"
        manifest.setLayers([layer])
        let error = #expect(throws: EditError.self) { try manifest.convert(to: .docker) }
        #expect(error?.path.text == "layers[0].annotations.a")
    }

    @Test func whatALineSaysOfItselfIsNotStored() throws {
        var manifest = try oci()
        manifest[annotation: Annotation.baseName] = "example.com/base:1"
        manifest[annotation: Annotation.baseDigest] = digestText("e")
        manifest[annotation: Annotation.position] = "1/1"
        var plain = try oci()
        try manifest.convert(to: .docker)
        try plain.convert(to: .docker)
        #expect(manifest[annotation: Annotation.baseName] == "example.com/base:1")
        #expect(manifest.storedBytes == plain.storedBytes)
    }

    @Test func artifactsAndUnknownTypesAreRefused() throws {
        var artifact = try manifest(layers: [], config: .empty)
        #expect(throws: EditError.self) { try artifact.convert(to: .docker) }
        try artifact.convert(to: .oci)
        var plugin = try manifest(
            layers: [], type: .dockerManifest,
            config: MediaType("application/vnd.docker.plugin.v1+json"))
        #expect(throws: EditError.self) { try plugin.convert(to: .oci) }
        var odd = try manifest(
            layers: [descriptorText(MediaType("a/b"), "a")], type: .dockerManifest,
            config: .dockerConfig)
        #expect(throws: EditError.self) { try odd.convert(to: .oci) }
        var encrypted = try manifest(layers: [
            descriptorText(MediaType("application/vnd.oci.image.layer.v1.tar+encrypted"), "a")
        ])
        #expect(throws: EditError.self) { try encrypted.convert(to: .docker) }
    }
}

@Suite struct ArtifactTests {
    private let emptyText = descriptorText(.empty, "e", size: 2)

    private func golden(_ middle: String, layers: String, _ end: String = "") -> String {
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.manifest)",\#(middle)"layers":[\#(layers)]\#(end)}"#
    }

    @Test func fieldsAreInTheOrderOfTheSpecification() throws {
        let empty = try Descriptor(field(emptyText))
        var artifact = Artifact(artifactType: MediaType("application/spdx+json"))
        artifact.blobs = [try descriptor(MediaType("text/plain"), "a")]
        artifact.annotations = [try KeyValue("z=1"), try KeyValue("a=2")]
        try artifact.setSubject(descriptor(.manifest, "b"))
        let manifest = artifact.manifest(config: empty, empty: empty)
        let expected = golden(
            #""artifactType":"application/spdx+json","config":\#(emptyText),"#,
            layers: descriptorText(MediaType("text/plain"), "a"),
            #","subject":\#(descriptorText(.manifest, "b")),"annotations":{"z":"1","a":"2"}"#)
        #expect(text(manifest.document) == expected)
        #expect(try Manifest(field(expected)) == manifest)
    }

    @Test func withoutBlobsTheEmptyOneStandsThere() throws {
        let empty = try Descriptor(field(emptyText))
        let artifact = Artifact(artifactType: MediaType("a/b"))
        let manifest = artifact.manifest(config: empty, empty: empty)
        #expect(
            text(manifest.document)
                == golden(#""artifactType":"a/b","config":\#(emptyText),"#, layers: emptyText))
    }

    @Test func aConfigOfItsOwnMakesATypeSuperfluous() throws {
        let empty = try Descriptor(field(emptyText))
        var artifact = Artifact(artifactType: nil)
        artifact.blobs = [empty]
        let config = MediaType("application/vnd.cncf.helm.config.v1+json")
        let manifest = artifact.manifest(config: try descriptor(config, "c"), empty: empty)
        #expect(
            text(manifest.document)
                == golden(#""config":\#(descriptorText(config, "c")),"#, layers: emptyText))
    }

    @Test func aSubjectIsAManifest() throws {
        var artifact = Artifact(artifactType: MediaType("a/b"))
        #expect(throws: EditError.self) { try artifact.setSubject(descriptor(.layer, "a")) }
        try artifact.setSubject(descriptor(.index, "a"))
        #expect(artifact.subject?.mediaType == .index)
    }
}
