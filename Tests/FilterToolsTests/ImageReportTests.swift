import Hashing
import JSON
import OCI
import Testing

@testable import FilterTools

private let plain = ReportStyle(isFull: false, hasColor: false, width: nil)

private func layer(_ character: Character, size: Int64) throws -> Descriptor {
    let digest = try #require(Digest("sha256:" + String(repeating: character, count: 64)))
    return Descriptor(mediaType: .layerGzip, digest: digest, size: size)
}

private func image(_ layers: [Descriptor], config: String) throws -> Image {
    let bytes = Array(config.utf8)
    var manifest = Manifest(
        config: Descriptor(mediaType: .config, digest: .of(bytes), size: Int64(bytes.count)))
    manifest.setLayers(layers)
    return Image(manifest: manifest, configBytes: bytes)
}

private func config(history: String, run: String = "{}") -> String {
    #"{"architecture":"arm","os":"linux","variant":"v7","config":\#(run),"rootfs":{"type":"layers"},"history":[\#(history)]}"#
}

@Suite struct ImageReportTests {
    @Test func factsAndTable() throws {
        let run =
            #"{"Env":["A=1","B=2"],"Entrypoint":["/x","a b"],"Labels":{"k":"v"},"ExposedPorts":{"80/tcp":{}},"User":"1"}"#
        let history =
            #"{"created_by":"base"},{"created_by":"ENV A=1","empty_layer":true},{"created_by":"COPY\t\u001b[31m x"}"#
        let image = try image(
            [layer("a", size: 1), layer("b", size: 2048)],
            config: config(history: history, run: run))
        let base = try FilterToolsTests.image([layer("a", size: 1)], config: "{}")
        let report = try ImageReport(image, bases: [base], style: plain).text
        #expect(
            report == """
                Digest       \(Digest.of(image.manifest.storedBytes))
                Manifest     OCI
                Platform     linux/arm/v7
                Entrypoint   ["/x","a b"]
                Environment  A=1
                             B=2
                User         1
                Ports        80/tcp
                Labels       k=v
                Layers       2, 2.0 KiB

                #     SIZE  TYPE  DIGEST        FROM  CREATED BY
                1  1 bytes  gzip  aaaaaaaaaaaa  base  base
                                                      ENV A=1
                2  2.0 KiB  gzip  bbbbbbbbbbbb  own   COPY \\033[31m x

                """)
    }

    /// A fetched image whose stored manifest is indented.
    private func fetched(entry: Descriptor? = nil) throws -> (image: Image, raw: RawManifest) {
        var image = try image([], config: config(history: ""))
        let bytes = Array("  ".utf8) + image.manifest.storedBytes + Array("\n".utf8)
        let raw = RawManifest(bytes: bytes, mediaType: .manifest)
        let source = try Reference("example.com/a:1").withDigest(.of([1]))
        image.record(
            source: source, raw: raw, entry: entry ?? raw.descriptor,
            platforms: ["linux/arm/v7", "linux/amd64"].compactMap { Platform($0) })
        return (image, raw)
    }

    @Test func anUnchangedImageHasTheStoredDigest() throws {
        let (image, raw) = try fetched()
        let report = try ImageReport(image, bases: nil, style: plain).text
        let expected =
            "Reference  example.com/a:1\nDigest     \(raw.digest)\nIndex      \(Digest.of([1]))\n"
        #expect(report.hasPrefix(expected))
        #expect(report.contains("\nAvailable  linux/arm/v7, linux/amd64\n"))
        #expect(!report.contains("ocinoco."))
    }

    @Test func aChangedImageSaysWhatItIsMadeOf() throws {
        var (image, _) = try fetched()
        image.manifest.setLayers([try layer("a", size: 1)])
        let report = try ImageReport(image, reference: "x", bases: nil, style: plain).text
        #expect(report.hasPrefix("Reference  x\nDigest     sha256:"))
        #expect(report.contains("\nMade of    example.com/a:1@\(Digest.of([1]))\n"))
    }

    @Test func thePlatformOfTheIndexGoesFirst() throws {
        var entry = try fetched().raw.descriptor.document
        entry["platform"] = .object(Platform(os: "linux", architecture: "arm64").document)
        let image = try fetched(entry: Descriptor(JSONField(.object(entry)))).image
        let report = try ImageReport(image, bases: nil, style: plain).text
        #expect(report.contains("\nPlatform   linux/arm64 (its config says linux/arm/v7)\n"))
    }

    @Test func aHistoryThatDoesNotCoverTheLayers() throws {
        let layers = [try layer("a", size: .max), try layer("b", size: .max)]
        let short = try ImageReport(
            image(layers, config: config(history: "{}")), bases: nil, style: plain
        ).text
        #expect(short.contains("\n2  "))
        // Hostile sizes whose sum would overflow do not trap.
        #expect(short.contains("2, 8.0 EiB"))
        let long = try ImageReport(
            image([], config: config(history: #"{"created_by":"x"}"#)), bases: nil, style: plain
        ).text
        #expect(long.hasSuffix("  x\n"))
    }

    @Test func coloursAndFullLength() throws {
        let style = ReportStyle(isFull: true, hasColor: true, width: 20)
        let layer = try layer("a", size: 1)
        let report = try ImageReport(
            image([layer], config: config(history: #"{"created_by":"a long command"}"#)),
            bases: nil, style: style
        ).text
        #expect(report.contains("\u{1B}[1mDigest\u{1B}[0m"))
        #expect(report.contains(layer.digest.description))
        #expect(report.contains("a long command"))
    }

    @Test func malformedConfigsAreRefused() throws {
        let image = try image([], config: #"{"os":1}"#)
        #expect(throws: JSONError.self) { try ImageReport(image, bases: nil, style: plain) }
    }
}
