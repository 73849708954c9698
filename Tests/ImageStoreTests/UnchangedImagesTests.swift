import Hashing
import JSON
import OCI
import Testing

@testable import ImageStore

/// Which bytes of fetched images are pushed.
@Suite struct UnchangedImagesTests {
    let layouts: Layouts

    init() throws {
        layouts = try Layouts()
    }

    private func fetched(_ text: String, _ choice: PlatformChoice = .all) throws -> [Image] {
        try layouts.store.images(of: layouts.reference(text), platform: choice)
    }

    private func pushed(_ images: [Image], to text: String) throws -> Digest {
        let target = try layouts.reference(text)
        let content = try layouts.store.content(
            of: images, asIndex: false, annotations: [], targets: [target], sources: [])
        return try layouts.store.push(content, to: [target]).digest
    }

    @Test func indentedManifestsKeepTheirBytes() throws {
        let image = try image()
        try layouts.push([image], to: "a:x")
        let bytes = Array(" \n".utf8) + image.manifest.storedBytes + Array("\n".utf8)
        let raw = RawManifest(bytes: bytes, mediaType: .manifest)
        try layouts.layout("a").publish([Publication(raw, tag: "y")])
        var images = try fetched("a:y")
        #expect(images[0].storedDigest == raw.digest)
        #expect(try pushed(images, to: "b:y") == raw.digest)
        #expect(try layouts.layout("b").manifest(.tag("y"))?.bytes == bytes)
        images[0].manifest[annotation: "k"] = "v"
        #expect(images[0].storedDigest == nil)
        #expect(try pushed(images, to: "b:z") == .of(images[0].manifest.storedBytes))
    }

    @Test func wholeIndexesKeepTheirBytes() throws {
        try layouts.push([image("linux/a"), image("linux/b")], to: "a:x")
        let stored = try #require(try layouts.layout("a").manifest(.tag("x")))
        let bytes = stored.bytes + Array("\n".utf8)
        try layouts.layout("a").publish([
            Publication(RawManifest(bytes: bytes, mediaType: .index), tag: "y")
        ])
        let images = try fetched("a:y")
        #expect(try pushed(images, to: "b:y") == .of(bytes))
        // With images missing, or in another order, it is another index.
        #expect(try pushed(images.reversed(), to: "b:z") != .of(bytes))
        let one = try fetched("a:y", .one(Platform(os: "linux", architecture: "b")))
        #expect(try pushed(one, to: "b:one") == images[1].storedDigest)
    }

    @Test func anImageIsNotItsOwnBase() throws {
        try layouts.push([image()], to: "a:base")
        var app = try fetched("a:base")
        try app[0].append([])
        let base = try #require(app[0].manifest.base)
        #expect(try base == layouts.reference("a:base"))
        app[0].manifest[annotation: "k"] = "app"
        _ = try pushed(app, to: "b:app")
        // The name of a base in a layout is not stored; its digest is.
        let digest = app[0].manifest[annotation: Annotation.baseDigest]
        var again = try fetched("b:app")
        #expect(again[0].manifest[annotation: Annotation.baseDigest] == digest)
        try again[0].append([])
        #expect(again[0].manifest[annotation: Annotation.baseDigest] != digest)
        _ = try pushed(again, to: "b:app")
        #expect(try fetched("b:app")[0].manifest[annotation: Annotation.baseDigest] == digest)
    }

    @Test func annotationsOfTheBaseAreNotTheImages() throws {
        var base = try image()
        base.manifest[annotation: "org.opencontainers.image.version"] = "1"
        base.manifest[annotation: "example.com/other"] = "2"
        try layouts.push([base], to: "a:base")
        for keeps in [false, true] {
            var app = try fetched("a:base")[0]
            try app.append([], keepsAnnotations: keeps)
            let version = app.manifest[annotation: "org.opencontainers.image.version"]
            #expect(version == (keeps ? "1" : nil))
            #expect(app.manifest[annotation: "example.com/other"] == "2")
        }
    }

    @Test func blobsAreNotLookedForInABaseThatTheAuthorNames() throws {
        var image = try image()
        image.manifest[annotation: Annotation.baseName] = "evil.example/x:1"
        try layouts.push([image], to: "a:x")
        let fetched = try fetched("a:x")[0]
        #expect(fetched.manifest.blobSources == [try #require(fetched.manifest.source)])
        #expect(image.manifest.blobSources.map(\.description) == ["evil.example/x:1"])
    }
}
