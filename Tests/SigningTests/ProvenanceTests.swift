import JSON
import OCI
import Testing

@testable import Signing

private let base = "sha256:" + String(repeating: "ab", count: 32)
private let layer = "sha256:" + String(repeating: "cd", count: 32)

@Suite struct ProvenanceTests {
    private func manifest(_ annotations: [JSONString: String]) throws -> Manifest {
        var manifest = Manifest(
            config: Descriptor(mediaType: .config, digest: try digest(layer), size: 2))
        for (key, value) in annotations { manifest[annotation: key] = value }
        return manifest
    }

    private func dependencies(_ annotations: [JSONString: String]) throws -> [JSON] {
        var provenance = Provenance(version: "1")
        try provenance.addBase(of: manifest(annotations))
        let definition = provenance.predicate.object?.object("buildDefinition")
        return definition?["resolvedDependencies"]?.elements ?? []
    }

    @Test func form() throws {
        var provenance = Provenance(version: "0.1.0")
        provenance.arguments = ["./dist"]
        try provenance.addBase(
            of: manifest([
                Annotation.source: "ghcr.io/example/base:1@\(base)", Annotation.digest: base,
                Annotation.baseName: "ghcr.io/else/where:1", Annotation.baseDigest: layer,
            ]))
        provenance.addLayer(try digest(layer))
        provenance.addLayer(try digest(layer))
        #expect(
            String(decoding: provenance.predicate.serialized(), as: UTF8.self)
                == #"{"buildDefinition":{"buildType":"ocinoco:build:v1","externalParameters":"#
                + #"{"arguments":["./dist"]},"resolvedDependencies":[{"uri":"#
                + #""docker://ghcr.io/example/base:1@\#(base)","digest":{"sha256":""#
                + String(repeating: "ab", count: 32)
                + #""}},{"digest":{"sha256":""# + String(repeating: "cd", count: 32)
                + #""},"mediaType":"application/vnd.oci.image.layer.v1.tar"}]},"#
                + #""runDetails":{"builder":{"id":"ocinoco:local","version":{"ocinoco":"0.1.0"}}}}"#
        )
    }

    @Test func whatIsNotKnownIsLeftOut() throws {
        #expect(try dependencies([:]).isEmpty)
        #expect(try dependencies([Annotation.baseName: "ghcr.io/a/b:1"]).isEmpty)
        #expect(try dependencies([Annotation.baseDigest: "sha256:no"]).isEmpty)
        #expect(try dependencies([Annotation.source: "scratch"]).isEmpty)
        let nameless = try dependencies([Annotation.baseDigest: base])
        #expect(nameless.map { $0.object?["uri"] } == [nil])
    }
}

@Suite struct PredicateTypeTests {
    @Test(arguments: [
        ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
        ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
        ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
        ("link", "https://in-toto.io/Link/v1"), ("spdx", "https://spdx.dev/Document"),
        ("spdxjson", "https://spdx.dev/Document"), ("cyclonedx", "https://cyclonedx.org/bom"),
        ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
        ("openvex", "https://openvex.dev/ns"),
        ("custom", "https://cosign.sigstore.dev/attestation/v1"),
        ("https://example.com/a", "https://example.com/a"), ("urn:x-a:b", "urn:x-a:b"),
    ])
    func names(_ text: String, _ uri: String) {
        #expect(PredicateType(text)?.uri == uri)
    }

    @Test(arguments: [
        "", "slsa", "SPDX", "spdx ", ":", "a:", "1a:b", "https", "https://a b", "http://a\n",
        "https://\u{e9}",
    ])
    func others(_ text: String) {
        #expect(PredicateType(text) == nil)
    }
}
