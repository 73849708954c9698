import ByteStream
import Hashing
import JSON
import OCI
import Testing

@testable import ImageStore

@Suite struct PushTests {
    let layouts: Layouts
    let layer = "the bytes of a layer"

    init() throws {
        layouts = try Layouts()
    }

    @Test func pushedImageIsFetchedAgain() throws {
        let image = try image(layer: layer)
        try layouts.put(layer, in: "a")
        let descriptor = try layouts.push([image], to: "a:x")
        let stored = try #require(try layouts.layout("a").manifest(.tag("x")))
        #expect(stored.digest == descriptor.digest)
        #expect(stored.bytes == image.manifest.storedBytes)
        let fetched = try layouts.store.images(of: layouts.reference("a:x"), platform: .all)
        #expect(fetched.count == 1)
        #expect(fetched[0].configBytes == image.configBytes)
        #expect(fetched[0].storedDigest == descriptor.digest)
        #expect(
            try fetched[0].manifest.source
                == layouts.reference("a:x").withDigest(descriptor.digest))
        #expect(fetched[0].manifest[annotation: Annotation.position] == nil)
        #expect(fetched[0].manifest[annotation: Annotation.baseName] == nil)
        #expect(fetched[0].manifest.storedBytes == image.manifest.storedBytes)
    }

    @Test func blobsComeFromTheSource() throws {
        try layouts.put(layer, in: "a")
        try layouts.push([image(layer: layer)], to: "a:x")
        let fetched = try layouts.store.images(of: layouts.reference("a:x"), platform: .all)
        let descriptor = try layouts.push(fetched, to: "b:y")
        #expect(try layouts.layout("b").hasBlob(.of(Array(layer.utf8))))
        var derived = fetched[0]
        try derived.append([])
        _ = try layouts.push([derived], to: "b:z")
        // Other machines cannot use a path of this machine.
        let manifest = try #require(try layouts.layout("b").manifest(.tag("z"))).manifest()
        #expect(manifest[annotation: Annotation.baseName] == nil)
        #expect(manifest[annotation: Annotation.baseDigest] == "\(descriptor.digest)")
    }

    /// An entry of an index that is not a manifest is never stored as a manifest.
    @Test func childrenThatAreNoManifestsAreBlobs() throws {
        try layouts.put(layer, in: "a")
        let bytes = Array(layer.utf8)
        let entry = Descriptor(
            mediaType: .octetStream, digest: .of(bytes), size: Int64(bytes.count))
        let index = Index(manifests: [entry]).storedBytes
        let content = try PushContent(raw: index, annotations: [], subject: "index")
        let pushed = try layouts.store.push(
            content, to: [layouts.reference("b:x")], sources: [layouts.reference("a")])
        #expect(pushed.digest == .of(index))
        #expect(try layouts.layout("b").hasBlob(entry.digest))
    }

    @Test func targetByAnotherAlgorithm() throws {
        let bytes = try image().manifest.storedBytes
        try layouts.push([image()], to: "a:x")
        let content = try PushContent(raw: bytes, annotations: [], subject: "manifest")
        let digest = Digest.of(bytes, algorithm: .sha512)
        let target = try layouts.reference("b:x@\(digest)")
        let pushed = try layouts.store.push(
            content, to: [target], sources: [layouts.reference("a")])
        #expect(pushed.digest == digest)
        #expect(try layouts.layout("b").manifest(.digest(digest))?.bytes == bytes)
        let wrong = try layouts.reference("b@\(Digest.of([], algorithm: .sha512))")
        #expect(throws: StoreError.self) { try layouts.store.push(content, to: [wrong]) }
    }

    @Test func missingBlobMovesNoTag() throws {
        try layouts.push([image()], to: "a:x")
        let before = try layouts.layout("a").manifestDigest(.tag("x"))
        do {
            try layouts.push([image(layer: layer)], to: "a:x", from: ["b"])
            Issue.record("a layer that is nowhere")
        } catch let error as StoreError {
            #expect(error.exitStatus == .cannotOpenInput)
            #expect(error.message.hasPrefix("layer 1 of 1 of the image 'sha256:"))
            #expect(error.message.contains(" nor in "))
            #expect(error.message.hasSuffix("No such file or directory"))
        }
        try layouts.push([image()], to: "b:x")
        do {
            try layouts.push([image(layer: layer)], to: "a:x", from: ["b"])
            Issue.record("a layer that is nowhere")
        } catch let error as StoreError {
            #expect(error.exitStatus == .unavailable)
        }
        #expect(try layouts.layout("a").manifestDigest(.tag("x")) == before)
    }

    @Test func corruptBlobOfTheSourceMovesNoTag() throws {
        try layouts.put(layer, in: "a")
        let digest = Digest.of(Array(layer.utf8))
        try layouts.directory.write(
            String(repeating: "x", count: layer.utf8.count),
            to: Path("a/blobs/sha256/\(digest.encoded)"))
        #expect(throws: VerificationError.self) {
            try layouts.push([image(layer: layer)], to: "b:x", from: ["a"])
        }
        #expect(try layouts.layout("b").tags() == [])
        #expect(try layouts.layout("b").hasBlob(digest) == false)
    }

    @Test func embeddedEmptyAndForeignBlobsAreNotLookedFor() throws {
        var image = try image()
        let data = Array("embedded".utf8)
        var embedded = Descriptor(
            mediaType: .octetStream, digest: .of(data), size: Int64(data.count))
        embedded.embed(data)
        var foreign = JSONObject()
        foreign["mediaType"] = .string(MediaType.dockerForeignLayer.rawValue)
        foreign["digest"] = .string(Digest.of([1]).description)
        foreign["size"] = .integer(1)
        foreign["urls"] = .array([.string("https://example.com/layer")])
        image.manifest.setLayers([
            embedded, Descriptor(mediaType: .empty, digest: .of(Array("{}".utf8)), size: 2),
            Descriptor(mediaType: .octetStream, digest: .of([]), size: 0),
            try Descriptor(JSONField(.object(foreign))),
        ])
        try layouts.push([image], to: "a:x")
        let layout = layouts.layout("a")
        #expect(try layout.hasBlob(.of(data)))
        #expect(try layout.hasBlob(.of(Array("{}".utf8))))
        #expect(try layout.hasBlob(.of([])))
        #expect(try layout.hasBlob(.of([1])) == false)
    }

    @Test func expectationsAreHeld() throws {
        let first = try layouts.push([image()], to: "a:x", expecting: .absent)
        #expect(throws: StoreError.self) {
            try layouts.push([image("linux/arm64")], to: "a:x", expecting: .absent)
        }
        #expect(throws: StoreError.self) {
            try layouts.push([image("linux/arm64")], to: "a:x", expecting: .digest(.of([])))
        }
        #expect(throws: StoreError.self) {
            try layouts.push([image("linux/arm64")], to: "a", expecting: .absent)
        }
        #expect(try layouts.layout("a").manifestDigest(.tag("x")) == first.digest)
        let second = try layouts.push(
            [image("linux/arm64")], to: "a:x", expecting: .digest(first.digest))
        #expect(try layouts.layout("a").manifestDigest(.tag("x")) == second.digest)
    }

    /// A layout sets all its tags, or none.
    @Test func oneMovedTagHoldsTheOthers() throws {
        try layouts.push([image()], to: "a:x")
        let content = try PushContent(
            images: [image("linux/arm64")], asIndex: false, annotations: [])
        let targets = try ["a:new", "a:x"].map { try layouts.reference($0) }
        #expect(throws: StoreError.self) {
            try layouts.store.push(content, to: targets, expecting: .absent)
        }
        #expect(try layouts.layout("a").tags() == ["x"])
        // The check under the lock holds them too.
        let layout = layouts.layout("a")
        #expect(throws: StoreError.self) {
            try layout.publish([
                Publication(content.root, tag: "new"),
                Publication(content.root, tag: "x") { _ in
                    throw StoreError.noTagToExpect(targets[0])
                },
            ])
        }
        #expect(try layout.tags() == ["x"])
    }

    @Test func digestOfTheReferenceMustMatch() throws {
        let content = try PushContent(images: [image()], asIndex: false, annotations: [])
        let right = try layouts.reference("a:x@\(content.root.digest)")
        let wrong = try layouts.reference("a:x@\(Digest.of([]))")
        #expect(throws: StoreError.self) { try layouts.store.push(content, to: [wrong]) }
        #expect(throws: StoreError.self) { try layouts.store.push(content, to: [right, wrong]) }
        #expect(throws: (any Error).self) { try layouts.layout("a").tags() }
        _ = try layouts.store.push(content, to: [right])
        #expect(try layouts.layout("a").tags() == ["x"])
    }

    @Test func severalPlacesAndTags() throws {
        try layouts.put(layer, in: "a")
        let content = try PushContent(
            images: [image(layer: layer)], asIndex: false, annotations: [])
        // The second layout gets its layer from the first.
        _ = try layouts.store.push(
            content,
            to: ["a:x", "b:x", "a:y", "b:z"].map { try layouts.reference($0) })
        #expect(try layouts.layout("a").tags() == ["x", "y"])
        #expect(try layouts.layout("b").tags() == ["x", "z"])
    }

    @Test func noTagMovesWhenOnePlaceFails() throws {
        let content = try PushContent(
            images: [image(layer: layer)], asIndex: false, annotations: [])
        try layouts.put(layer, in: "a")
        try layouts.directory.write("in the way", to: "b")
        #expect(throws: (any Error).self) {
            try layouts.store.push(
                content, to: ["a:x", "b:x"].map { try layouts.reference($0) })
        }
        #expect(try layouts.layout("a").tags() == [])
    }

    // MARK: Bytes as they are

    @Test func manifestBytesAreKept() throws {
        try layouts.put(layer, in: "a")
        let image = try image(layer: layer)
        _ = try layouts.layout("a").writeBlob(MemoryBlob(image.configBytes))
        var text = String(decoding: image.manifest.document.serialized(), as: UTF8.self)
        text = text.replacing(",", with: ",\n  ") + "\n\n"
        let content = try PushContent(raw: Array(text.utf8), annotations: [], subject: "it")
        _ = try layouts.store.push(
            content, to: [layouts.reference("b:x")], sources: [layouts.reference("a")])
        #expect(try layouts.layout("b").manifest(.tag("x"))?.bytes == Array(text.utf8))
        #expect(try layouts.layout("b").hasBlob(.of(Array(layer.utf8))))
        #expect(try layouts.layout("b").hasBlob(image.manifest.config.digest))
    }

    @Test func indexIsWalked() throws {
        try layouts.put(layer, in: "a")
        let inner = try layouts.push(
            [image("linux/amd64", layer: layer), image("linux/arm64", layer: layer)],
            to: "a:inner")
        let single = try layouts.push([image("linux/s390x")], to: "a:single")
        let outer = Index(manifests: [inner, single]).storedBytes
        let content = try PushContent(raw: outer, annotations: [], subject: "it")
        _ = try layouts.store.push(
            content, to: [layouts.reference("b:x")], sources: [layouts.reference("a:inner")])
        let images = try layouts.store.images(of: layouts.reference("b:x"), platform: .all)
        #expect(images.count == 3)
        #expect(try layouts.layout("b").tags() == ["x"])
        #expect(try layouts.layout("b").hasBlob(.of(Array(layer.utf8))))
        do {
            _ = try layouts.store.push(content, to: [layouts.reference("c:x")])
            Issue.record("manifests that are nowhere")
        } catch let error as StoreError {
            // They are looked for at the same time.
            #expect(error.message.hasPrefix("manifest "))
            #expect(error.message.contains(" of 2 'sha256:"))
        }
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"schemaVersion":2}"#, #"{"schemaVersion":1,"fsLayers":[]}"#,
    ])
    func whatIsNoManifestIsRefused(_ text: String) {
        #expect(throws: StoreError.self) {
            try PushContent(raw: Array(text.utf8), annotations: [], subject: "it")
        }
    }

    @Test func largeManifestsAreRefused() throws {
        let text = #"{"schemaVersion":2,"manifests":[]"#
        let limit = DocumentLimit.manifestByteCount
        let padding = String(repeating: " ", count: limit - text.utf8.count)
        #expect(throws: StoreError.self) {
            try PushContent(
                raw: Array((text + padding + "}").utf8), annotations: [], subject: "it")
        }
        _ = try PushContent(
            raw: Array((text + padding.dropLast() + "}").utf8), annotations: [], subject: "it")
    }
}
