import Hashing
import JSON
import OCI
import Testing

@testable import ImageStore

@Suite struct IndexTests {
    private func content(
        _ images: [Image], asIndex: Bool = false, annotations: [KeyValue] = []
    ) throws -> PushContent {
        try PushContent(images: images, asIndex: asIndex, annotations: annotations)
    }

    @Test func severalImagesBecomeAnIndex() throws {
        let images = try ["linux/amd64", "linux/arm/v6", "linux/arm/v7"].map { try image($0) }
        let index = try content(images).root.index()
        #expect(index.mediaType == .index)
        #expect(
            index.manifests.map { $0.platform?.description }
                == ["linux/amd64", "linux/arm/v6", "linux/arm/v7"])
        #expect(index.manifests.map(\.digest) == images.map { .of($0.manifest.storedBytes) })
    }

    @Test func oneImageBecomesAnIndexOnlyWhenAsked() throws {
        #expect(try content([image()]).root.mediaType == .manifest)
        #expect(try content([image()], asIndex: true).root.index().manifests.count == 1)
    }

    @Test func windowsVersionsAreKeptApart() throws {
        let images = try ["10.0.1", "10.0.2"].map { version in
            var config = ImageConfig(platform: Platform(os: "windows", architecture: "amd64"))
            var document = config.document
            document["os.version"] = .string(version)
            document["os.features"] = .array([.string("win32k")])
            config = try ImageConfig(JSONField(.object(document)))
            var image = try image()
            image.setConfig(config)
            return image
        }
        let index = try content(images).root.index()
        #expect(index.manifests.map { $0.platform?.osVersion } == ["10.0.1", "10.0.2"])
        #expect(index.manifests[0].platform?.osFeatures == ["win32k"])
        #expect(throws: StoreError.self) { try content([images[0], images[0]]) }
    }

    @Test func samePlatformTwiceIsRefused() throws {
        #expect(throws: StoreError.self) { try content([image(), image()]) }
        #expect(throws: StoreError.self) {
            try content([image("linux/arm64"), image("linux/arm64/v8")])
        }
    }

    @Test func whatTheFormerIndexSaidOfAnImageStays() throws {
        let text =
            #"{"mediaType":"\#(MediaType.manifest)","digest":"\#(Digest.of([7]))","size":1,"#
            + #""platform":{"architecture":"arm","os":"linux","variant":"v6"},"#
            + #""annotations":{"k":"v","\#(Annotation.refName.text)":"1"}}"#
        let entry = try Descriptor(JSONField(JSON.parse(Array(text.utf8))))
        var image = try image("linux/arm")
        image.record(
            source: try Reference("example.com/a"),
            raw: RawManifest(verifiedBytes: [], mediaType: .manifest, digest: entry.digest),
            entry: entry, platforms: [])
        image.setConfig(try image.config())
        let made = try content([image], asIndex: true).root.index().manifests[0]
        #expect(made.platform?.variant == "v6")
        #expect(made[annotation: "k"] == "v")
        #expect(made[annotation: Annotation.refName] == nil)
        #expect(made.digest == .of(image.manifest.storedBytes))
        // An entry for another manifest does not apply to this one.
        image.manifest[annotation: Annotation.digest] = Digest.of([8]).description
        let other = try content([image], asIndex: true).root.index().manifests[0]
        #expect(other.platform?.variant == nil)
    }

    @Test func imagesOfZstdAreAnnotated() throws {
        var zstd = try image("linux/amd64")
        zstd.manifest.setLayers([Descriptor(mediaType: .layerZstd, digest: .of([]), size: 0)])
        let entries = try content([image("linux/amd64"), zstd]).root.index().manifests
        #expect(entries.map { $0[annotation: Annotation.zstdCompression] } == [nil, "true"])
    }

    @Test func dockerImagesStayDockers() throws {
        let images = try ["linux/amd64", "linux/arm64"].map { platform in
            let image = try image(platform)
            var document = image.manifest.document
            document["mediaType"] = .string(MediaType.dockerManifest.rawValue)
            let manifest = try Manifest(JSONField(.object(document)))
            return Image(manifest: manifest, configBytes: image.configBytes)
        }
        #expect(try content(images).root.mediaType == .dockerManifestList)
        #expect(try content([images[0], image("linux/s390x")]).root.mediaType == .index)
    }

    @Test func annotationsAreTheRoots() throws {
        let annotations = [try KeyValue("k=v=w"), try KeyValue("l=")]
        let single = try content([image()], annotations: annotations).root.manifest()
        #expect(single[annotation: "k"] == "v=w")
        #expect(single[annotation: "l"] == "")
        let images = try [image("linux/a"), image("linux/b")]
        let index = try content(images, annotations: annotations)
        #expect(try index.root.index()[annotation: "k"] == "v=w")
        #expect(try index.images[0].stored.manifest()[annotation: "k"] == nil)
    }
}
