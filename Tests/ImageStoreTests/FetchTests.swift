import ByteStream
import Hashing
import JSON
import OCI
import Registry
import Testing

@testable import ImageStore

@Suite struct FetchTests {
    let layouts: Layouts

    init() throws {
        layouts = try Layouts()
    }

    private func platforms(_ text: String, _ choice: PlatformChoice) throws -> [String] {
        try layouts.store.images(of: layouts.reference(text), platform: choice).map {
            try $0.config().platform().description
        }
    }

    private func one(_ text: String) throws -> PlatformChoice {
        guard let platform = Platform(text) else { throw UnknownPlatform() }
        return .one(platform)
    }

    @Test func platformOfAnIndexIsChosen() throws {
        let names = ["linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8"]
        try layouts.push(names.map { try image($0) }, to: "a:x")
        for name in names { #expect(try platforms("a:x", one(name)) == [name]) }
        #expect(try platforms("a:x", one("linux/arm64")) == ["linux/arm64/v8"])
        #expect(try platforms("a:x", one("linux/arm")) == ["linux/arm/v7"])
        #expect(try platforms("a:x", .all) == names)
        do {
            _ = try platforms("a:x", one("linux/s390x"))
            Issue.record("a platform that is not there")
        } catch let error as StoreError {
            #expect(error.exitStatus == .unavailable)
            for name in names { #expect(error.message.contains("'\(name)'")) }
        }
    }

    @Test func everyImageNamesItsOwnManifest() throws {
        try layouts.push([image("linux/a"), image("linux/b")], to: "a:x")
        let images = try layouts.store.images(of: layouts.reference("a:x"), platform: .all)
        let names = try ["linux/a", "linux/b"].map { platform in
            let bytes = try layouts.store.rawManifest(
                of: layouts.reference("a:x"), platform: .one(#require(Platform(platform))))
            return "\(Digest.of(bytes))"
        }
        #expect(images.map { $0.manifest[annotation: Annotation.digest] } == names)
    }

    @Test func attestationsAreNoImages() throws {
        let descriptor = try layouts.push([image()], to: "a:image")
        var attestation = JSONObject()
        attestation["mediaType"] = .string(MediaType.manifest.rawValue)
        attestation["digest"] = .string(Digest.of([1]).description)
        attestation["size"] = .integer(1)
        attestation["platform"] = .object(
            Platform(os: "unknown", architecture: "unknown").document)
        let entries = [try Descriptor(JSONField(.object(attestation))), descriptor]
        try publish(Index(manifests: entries), "x")
        #expect(try platforms("a:x", .all) == ["linux/amd64"])
        // The entry has no platform, so the config's counts.
        #expect(try platforms("a:x", one("linux/amd64")) == ["linux/amd64"])
        try publish(Index(manifests: [entries[0]]), "y")
        #expect(throws: StoreError.self) { try platforms("a:y", .all) }
        #expect(throws: StoreError.self) { try platforms("a:y", one("linux/amd64")) }
    }

    @Test func nestedIndexesAreEntered() throws {
        let inner = try layouts.push([image("linux/a"), image("linux/b")], to: "a:inner")
        let other = try layouts.push([image("linux/c")], to: "a:other")
        try publish(Index(manifests: [other, inner, inner]), "x")
        #expect(try platforms("a:x", .all) == ["linux/c", "linux/a", "linux/b"])
        #expect(try platforms("a:x", one("linux/b")) == ["linux/b"])
        var nested = inner
        for _ in 0..<10 {
            let index = Index(manifests: [nested])
            try publish(index, "deep")
            nested = Descriptor(
                mediaType: .index, digest: .of(index.storedBytes),
                size: Int64(index.storedBytes.count))
        }
        #expect(throws: StoreError.self) { try platforms("a:deep", .all) }
    }

    @Test func singleImageIsCheckedOnlyWhenAPlatformIsAskedFor() throws {
        let warnings = Guarded([String]())
        var options = RegistryOptions()
        options.warn = { text in warnings.withLock { $0.append(text) } }
        let store = ImageStore(options)
        try layouts.push([image("linux/s390x")], to: "a:x")
        let reference = try layouts.reference("a:x")
        let wanted = Platform(os: "linux", architecture: "amd64")
        #expect(throws: StoreError.self) {
            try store.images(of: reference, platform: .one(wanted))
        }
        #expect(try store.images(of: reference, platform: .implied(wanted)).count == 1)
        #expect(warnings.withLock { $0.count } == 1)
    }

    @Test func scratchIsEmpty() throws {
        let wanted = Platform(os: "linux", architecture: "arm64")
        let images = try layouts.store.images(of: .scratch, platform: .one(wanted))
        #expect(images.count == 1)
        #expect(images[0].manifest.layers.isEmpty)
        #expect(try images[0].config().platform() == wanted)
        #expect(images[0].manifest[annotation: Annotation.baseName] == nil)
        #expect(throws: StoreError.self) { try layouts.store.repository(for: .scratch) }
    }

    @Test func rawBytesAreThoseStored() throws {
        let content = try PushContent(
            images: [image("linux/a"), image("linux/b")], asIndex: false, annotations: [])
        let reference = try layouts.reference("a:x")
        _ = try layouts.store.push(content, to: [reference])
        #expect(
            try layouts.store.rawManifest(of: reference, platform: nil) == content.root.bytes)
        #expect(
            try layouts.store.rawManifest(of: reference, platform: one("linux/b"))
                == content.images[1].stored.bytes)
        #expect(
            try layouts.store.configBytes(of: reference, platform: one("linux/b"))
                == content.images[1].configBytes)
    }

    @Test func largeConfigIsRefused() throws {
        var manifest = try image().manifest
        let size = Int64(DocumentLimit.configByteCount + 1)
        manifest.setConfig(manifest.config.describing(digest: .of([]), size: size))
        let bytes = manifest.storedBytes
        let raw = RawManifest(bytes: bytes, mediaType: .manifest)
        try layouts.layout("a").publish([Publication(raw, tag: "x")])
        #expect(throws: StoreError.self) { try platforms("a:x", .all) }
    }

    @Test func severalPlatformsComeInTheOrderOfTheRequest() throws {
        let names = ["linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64"]
        try layouts.push(names.map { try image($0) }, to: "a:x")
        func listed(_ names: [String]) throws -> PlatformChoice {
            .listed(try names.map { try #require(Platform($0)) })
        }
        let wanted = ["linux/arm64", "linux/amd64"]
        #expect(try platforms("a:x", listed(wanted)) == wanted)
        #expect(try platforms("a:x", listed(["linux/arm64/v8", "linux/arm64"])) == ["linux/arm64"])
        #expect(try platforms("a:x", one("linux/arm/v8")) == ["linux/arm/v7"])
        #expect(throws: StoreError.self) { try platforms("a:x", listed(["linux/s390x"] + wanted)) }
        let raw = try layouts.store.rawManifest(
            of: layouts.reference("a:x"), platform: listed(wanted))
        let index = try RawManifest(bytes: raw, mediaType: .index).index()
        #expect(index.manifests.map { $0.platform?.description } == wanted)
    }

    /// An entry of an index with a platform and perhaps an artifact type.
    private func entry(
        _ descriptor: Descriptor, _ platform: String?, type: String? = nil
    ) throws -> Descriptor {
        var document = descriptor.document
        document["platform"] = platform.flatMap { Platform($0) }.map { .object($0.document) }
        document["artifactType"] = type.map { .string($0) }
        return try Descriptor(JSONField(.object(document)))
    }

    @Test func whatIsNoImageHidesNone() throws {
        let amd64 = try layouts.push([image("linux/amd64")], to: "a:amd64")
        let arm64 = try layouts.push([image("linux/arm64", layer: nil)], to: "a:arm64")
        let schema1 = Descriptor(mediaType: .dockerSchema1Signed, digest: .of([1]), size: 1)
        let layer = Descriptor(mediaType: .layerGzip, digest: .of([2]), size: 1)
        var artifact = try image().manifest
        artifact.setConfig(Descriptor(mediaType: .empty, digest: .of(Array("{}".utf8)), size: 2))
        let raw = RawManifest(bytes: artifact.storedBytes, mediaType: .manifest)
        try layouts.layout("a").publish([Publication(raw, tag: "artifact")])
        try publish(
            Index(manifests: [
                entry(schema1, "linux/amd64"), layer, entry(raw.descriptor, "linux/amd64"),
                entry(raw.descriptor, "linux/amd64", type: "application/x.sbom"),
                entry(amd64, "linux/arm64/v9"), entry(amd64, "linux/amd64"),
                entry(arm64, "linux/arm64"),
            ]), "x")
        #expect(try platforms("a:x", one("linux/amd64")) == ["linux/amd64"])
        #expect(try platforms("a:x", one("linux/arm64")) == ["linux/arm64"])
        // One manifest for two platforms counts as two images.
        #expect(try platforms("a:x", .all) == ["linux/amd64", "linux/amd64", "linux/arm64"])
        try publish(Index(manifests: [entry(schema1, "linux/amd64")]), "y")
        let error = #expect(throws: StoreError.self) { try platforms("a:y", .all) }
        #expect(error?.message.contains("schema 1") == true)
    }

    @Test func entriesOfALayoutAreAnIndex() throws {
        let a = try layouts.push([image("linux/amd64")], to: "b:one").document
        let b = try layouts.push([image("linux/arm64")], to: "b:two").document
        func write(_ entries: [(JSONObject, String, String?)]) throws {
            let manifests = entries.map { descriptor, platform, name in
                var entry = descriptor
                entry["platform"] = Platform(platform).map { .object($0.document) }
                entry[annotation: Annotation.refName] = name
                return JSON.object(entry)
            }
            var index = Index(manifests: []).document
            index["manifests"] = .array(manifests)
            try layouts.directory.write(
                String(decoding: index.serialized(), as: UTF8.self), to: "b/index.json")
        }
        for name in [nil, "n"] {
            try write([(a, "linux/amd64", name), (b, "linux/arm64", name)])
            let reference = name.map { "b:\($0)" } ?? "b"
            #expect(try platforms(reference, one("linux/arm64")) == ["linux/arm64"])
            #expect(try platforms(reference, .all) == ["linux/amd64", "linux/arm64"])
        }
        // Two images, or two names, are not a single image.
        try write([(a, "linux/amd64", nil), (b, "linux/amd64", nil)])
        #expect(throws: (any Error).self) { try platforms("b", .all) }
        try write([(a, "linux/amd64", "n"), (b, "linux/arm64", "m")])
        #expect(throws: (any Error).self) { try platforms("b", .all) }
    }

    @Test func blobOfADigest() throws {
        try layouts.put("blob", in: "a")
        let sink = MemorySink(limit: 100, subject: "blob")
        try layouts.store.readBlob(
            .of(Array("blob".utf8)), of: layouts.reference("a"), into: sink)
        #expect(sink.bytes == Array("blob".utf8))
        #expect(throws: StoreError.self) {
            try layouts.store.readBlob(.of([]), of: layouts.reference("a"), into: sink)
        }
    }

    @Test func unknownTagsAreNamed() throws {
        try layouts.push([image()], to: "a:x")
        do {
            _ = try platforms("a:y", .all)
            Issue.record("a tag that is not there")
        } catch let error as StoreError {
            #expect(error.message.contains("there are 'x'"))
            #expect(error.exitStatus == .unavailable)
        }
    }

    private func publish(_ index: Index, _ tag: String) throws {
        let bytes = index.storedBytes
        let raw = RawManifest(bytes: bytes, mediaType: .index)
        try layouts.layout("a").publish([Publication(raw, tag: tag)])
    }
}
