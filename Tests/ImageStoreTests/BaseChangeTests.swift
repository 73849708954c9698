import Hashing
import JSON
import OCI
import Testing

@testable import ImageStore

private let digest = Digest.of([1])

/// An image whose annotations name its base.
private func annotated(name: String?, digest: String?) throws -> Image {
    var image = try image()
    image.manifest[annotation: Annotation.baseName] = name
    image.manifest[annotation: Annotation.baseDigest] = digest
    return image
}

private func change(
    name: String?, digest: String? = digest.description, base: String? = nil, onto: String? = nil
) throws -> [String] {
    let change = try BaseChange(
        of: annotated(name: name, digest: digest), from: base.map { try Reference($0) },
        to: onto.map { try Reference($0) })
    return [change.old.description, change.new.description]
}

private func refusal(
    name: String?, digest: String? = digest.description, base: String? = nil, onto: String? = nil
) throws -> String {
    let error = #expect(throws: EditError.self) {
        try change(name: name, digest: digest, base: base, onto: onto)
    }
    return try #require(error).text
}

@Suite struct BaseChangeTests {
    @Test func annotationsNameTheOldBaseAndItsTagTheNewOne() throws {
        let old = "example.com/base:1@\(digest)"
        #expect(try change(name: "example.com/base:1") == [old, "example.com/base:1"])
        #expect(try change(name: "oci:dir:1") == ["oci:dir:1@\(digest)", "oci:dir:1"])
        #expect(
            try change(name: "example.com/base:1", onto: "example.com/base:2")
                == [old, "example.com/base:2"])
        #expect(try change(name: "example.com/base:1", onto: "scratch") == [old, "scratch"])
    }

    @Test func whatIsSaidGoesBeforeTheAnnotations() throws {
        let base = "example.com/other:3@\(digest)"
        #expect(try change(name: nil, digest: nil, base: base) == [base, "example.com/other:3"])
        // The newest version of the image's own base is still the target.
        #expect(try change(name: "example.com/base:1", base: base) == [base, "example.com/base:1"])
    }

    @Test func oldBaseThatIsNotSaidIsRefused() throws {
        #expect(try refusal(name: nil).contains("--base"))
        #expect(try refusal(name: "example.com/base:1", digest: nil).contains("--base"))
        #expect(try refusal(name: "example.com/base:1", digest: "sha256:1").contains("--base"))
        #expect(try refusal(name: "Not/A reference").contains("not a reference"))
    }

    @Test func newBaseThatIsNotSaidIsRefused() throws {
        let name = "example.com/base@\(digest)"
        #expect(try refusal(name: name).contains("--onto"))
        #expect(try refusal(name: nil, base: name).contains("--onto"))
        #expect(try change(name: name, onto: "example.com/base:2")[0] == name)
    }
}

/// Images and bases in layouts.
@Suite struct BaseChangeOfLayoutsTests {
    let layouts: Layouts

    init() throws {
        layouts = try Layouts()
    }

    /// Pushes a base of one layer, for each platform, to `b:stable`.
    private func pushBase(_ layer: String, _ platforms: [String] = ["linux/amd64"]) throws {
        try layouts.put(layer, in: "b")
        try layouts.push(platforms.map { try image($0, layer: layer) }, to: "b:stable")
    }

    /// The current base, with a layer `own` on top.
    private func derived(_ platform: String = "linux/amd64") throws -> Image {
        let platform = try #require(Platform(platform))
        var image = try #require(
            try layouts.store.images(of: layouts.reference("b:stable"), platform: .one(platform))
                .first)
        try image.append([LayerAddition(layer("own"), history: JSONObject())])
        return image
    }

    private func layer(_ text: String) -> Descriptor {
        let bytes = Array(text.utf8)
        return Descriptor(mediaType: .layer, digest: .of(bytes), size: Int64(bytes.count))
    }

    private func apply(_ image: inout Image, onto: String? = nil) throws -> Bool {
        let change = try BaseChange(
            of: image, from: nil, to: onto.map { try layouts.reference($0) })
        return try change.apply(to: &image, layouts.store)
    }

    @Test func newerImageOfTheTagComesUnderTheLayers() throws {
        try pushBase("one")
        var image = try derived()
        try pushBase("two")
        #expect(try apply(&image))
        #expect(image.manifest.layers.map(\.digest) == [layer("two"), layer("own")].map(\.digest))
        #expect(try image.config().diffIDs == image.manifest.layers.map(\.digest))
        let newest = try layouts.layout("b").manifestDigest(.tag("stable"))
        #expect(image.manifest[annotation: Annotation.baseDigest] == newest?.description)
        // Run again, there is nothing to do.
        let line = image.line
        #expect(try !apply(&image))
        #expect(image.line == line)
    }

    @Test func sameBaseByAnotherNameChangesTheNameAlone() throws {
        try pushBase("one")
        var image = try derived()
        let raw = try #require(try layouts.layout("b").manifest(.tag("stable")))
        try layouts.layout("b").publish([Publication(raw, tag: "other")])
        let layers = image.manifest.layers
        #expect(try !apply(&image, onto: "b:other"))
        #expect(image.manifest.layers == layers)
        let name = try layouts.reference("b:other").description
        #expect(image.manifest[annotation: Annotation.baseName] == name)
    }

    @Test func everyPlatformGetsItsOwnBase() throws {
        try pushBase("one", ["linux/amd64", "linux/arm64"])
        var image = try derived("linux/arm64")
        try pushBase("two", ["linux/amd64", "linux/arm64"])
        #expect(try apply(&image))
        #expect(try image.config().platform() == Platform("linux/arm64"))
        try pushBase("three")
        #expect(throws: StoreError.self) { try apply(&image) }
    }

    @Test func imageThatDoesNotStandOnTheBaseStaysAsItIs() throws {
        try pushBase("one")
        var image = try derived()
        image.manifest.setLayers([layer("own")])
        var config = ImageConfig(platform: try image.config().platform())
        config.append(layers: [(layer("own").digest, JSONObject())])
        image.setConfig(config)
        let line = image.line
        try pushBase("two")
        #expect(throws: EditError.self) { try apply(&image) }
        #expect(image.line == line)
    }
}

@Suite struct BaseStatusTests {
    @Test func namesOfStrangersStayInTheirColumn() {
        let status = BaseStatus(
            answer: .unknown, image: "oci:a\tb", base: "oci:x\n\u{1B}", recorded: nil, now: nil)
        #expect(
            status.line == #"unknown"# + "\t" + #"oci:a\tb"# + "\t" + #"oci:x\n\033"# + "\t-\t-")
    }
}
