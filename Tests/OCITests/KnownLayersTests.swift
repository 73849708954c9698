import JSON
import Testing

@testable import OCI

private let tar = digestText("1")

/// A layer as `oci-layers` writes it; its digest is 64 times `digit`.
private func layer(
    _ type: MediaType, _ digit: Character, diffID: String? = tar, _ members: String = ""
) throws -> Descriptor {
    let digest = digestText(digit)
    let annotations =
        diffID.map { #","annotations":{"containerd.io/uncompressed":"\#($0)"}"# } ?? ""
    return try Descriptor(
        field(
            #"{"mediaType":"\#(type)","digest":"\#(digest)","size":3\#(annotations)\#(members)}"#))
}

private func found(
    among layers: Descriptor..., ofTypes types: [MediaType] = [], onlyChunked: Bool = false
) -> Descriptor? {
    var known = KnownLayers()
    for layer in layers { known.add(layer, ofTypes: types, onlyChunked: onlyChunked) }
    return Digest(tar).flatMap { known.layer(diffID: $0) }
}

@Suite struct KnownLayersTests {
    @Test func aLayerIsFoundByItsTar() throws {
        let wanted = try layer(.layerZstd, "a")
        let other = try layer(.layerZstd, "b", diffID: digestText("2"))
        #expect(found(among: other, wanted) == wanted)
        #expect(found(among: other) == nil)
    }

    @Test func ofTwoThatAreTheSameTarTheFirstStays() throws {
        let first = try layer(.layerGzip, "a")
        #expect(found(among: first, try layer(.layerZstd, "b")) == first)
        let second = try layer(.layerZstd, "b")
        #expect(found(among: first, second, ofTypes: [.layerZstd]) == second)
        #expect(found(among: first, second, ofTypes: [.layer]) == nil)
    }

    @Test func aDockerTypeIsTheOCITypeOfTheSameMeaning() throws {
        let docker = try layer(.dockerLayerGzip, "a")
        #expect(found(among: docker, ofTypes: [.layerGzip]) == (try layer(.layerGzip, "a")))
        let types: [MediaType] = [.dockerLayerGzip]
        let oci = try layer(.layerGzip, "a")
        #expect(found(among: oci, ofTypes: types) == oci)
    }

    @Test func annotationsTellZstdChunkedFromZstd() throws {
        let plain = try layer(.layerZstd, "a")
        var chunked = try layer(.layerZstd, "b")
        chunked[annotation: Annotation.chunkedTableDigest] = digestText("3")
        #expect(found(among: chunked, onlyChunked: true) == nil, "a table without a position")
        chunked[annotation: Annotation.chunkedTablePosition] = "8:20:300:1"
        #expect(found(among: plain, chunked, onlyChunked: true) == chunked)
        #expect(found(among: plain, onlyChunked: true) == nil)
        #expect(found(among: chunked) == chunked)
        var other = chunked
        other.setMediaType(.layerGzip)
        #expect(found(among: other, onlyChunked: true) == nil, "false of another compression")
    }

    @Test func anUncompressedLayerIsItsOwnTar() throws {
        let plain = try layer(.layer, "1", diffID: nil)
        #expect(found(among: plain) == (try layer(.layer, "1")))
        #expect(found(among: try layer(.layerGzip, "1", diffID: nil)) == nil)
        #expect(found(among: try layer(.layerGzip, "1", diffID: "none")) == nil)
    }

    @Test func whatIsNoLayerOrIsNeverPushedIsLeftOut() throws {
        for type in [
            MediaType.octetStream, .config, .manifest, .nondistributable, .nondistributableGzip,
            .dockerForeignLayerGzip,
        ] {
            #expect(found(among: try layer(type, "a")) == nil, "\(type)")
        }
    }

    @Test func annotationsStayAndEmbeddedBytesDoNot() throws {
        let known = try layer(.layerZstd, "a", diffID: nil, #","data":"YWJj""#)
        #expect(found(among: known) == nil)
        let text = #","annotations":{"a":"b","containerd.io/uncompressed":"\#(tar)"},"data":"YWJj""#
        let descriptor = try #require(
            found(among: try layer(.layerZstd, "a", diffID: nil, text)))
        #expect(descriptor[annotation: "a"] == "b")
        #expect(descriptor.document["data"] == nil)
    }
}
