import JSON
import Testing

@testable import OCI

@Suite struct DigestTests {
    @Test func textAndBytesAgree() {
        let text = "sha256:" + String(repeating: "0fA0".lowercased(), count: 16)
        let digest = Digest(text)
        #expect(digest?.description == text)
        let bytes = (0..<32).map { $0 % 2 == 0 ? UInt8(0x0F) : 0xA0 }
        #expect(digest == Digest(.sha256, bytes: bytes))
        #expect(Digest("sha512:" + String(repeating: "a", count: 128))?.algorithm == .sha512)
    }

    @Test(arguments: [
        "", ":", "sha256", "sha256:", "sha256:" + String(repeating: "A", count: 64),
        "sha256:" + String(repeating: "a", count: 63),
        "sha256:" + String(repeating: "a", count: 65),
        "sha512:" + String(repeating: "a", count: 64),
        "SHA256:" + String(repeating: "a", count: 64),
        "md5:" + String(repeating: "a", count: 32), "sha256:" + String(repeating: "g", count: 64),
        " sha256:" + String(repeating: "a", count: 64),
        "sha256:" + String(repeating: "é", count: 32),
    ])
    func whatCannotBeCheckedIsNoDigest(_ text: String) {
        #expect(Digest(text) == nil)
    }
}

@Suite struct PlatformTests {
    @Test func textsOfTwoOrThreeParts() {
        #expect(Platform("linux/amd64") == Platform(os: "linux", architecture: "amd64"))
        #expect(Platform("linux/arm/v7")?.variant == "v7")
        #expect(Platform("linux/x86_64")?.architecture == "amd64")
        #expect(Platform("linux/aarch64")?.architecture == "arm64")
        #expect(Platform("windows(10.0.17763)/amd64")?.osVersion == "10.0.17763")
        for text in [
            "", "linux", "linux/", "/amd64", "linux/arm/", "linux/arm/v7/x", "//", "linux /arm64",
            "linux/amd64,linux/arm64", "linux/amd64 ", "linux/(1)", "windows(/amd64",
        ] {
            #expect(Platform(text) == nil)
        }
    }

    @Test(arguments: [
        ("linux/amd64", "linux/amd64", true), ("linux/arm/v7", "linux/arm", true),
        ("linux/arm", "linux/arm/v7", true), ("linux/arm/v6", "linux/arm/v7", true),
        ("linux/arm/v7", "linux/arm/v6", false), ("linux/386", "linux/amd64", true),
        ("linux/amd64", "linux/386", false), ("linux/arm/v8", "linux/arm64", true),
        ("linux/amd64/v2", "linux/amd64", false), ("linux/amd64/v1", "linux/amd64/v3", true),
        ("Linux/X86_64", "linux/amd64", true), ("linux/armhf", "linux/arm/7", true),
        ("linux/arm64", "linux/arm64/v8", true), ("linux/arm64/v8", "linux/arm64", true),
        ("linux/amd64", "windows/amd64", false), ("linux/amd64", "linux/arm64", false),
        ("linux/arm64/v8.1", "linux/arm64/v8.2", true), ("linux/arm64/v8.2", "linux/arm64", false),
        ("linux/arm64/v8.5", "linux/arm64/v9.0", true), ("linux/arm64/v9", "linux/arm64/9", true),
        ("linux/arm64/v8.6", "linux/arm64/v9", false), ("linux/arm64", "linux/arm64/v9.1", true),
        ("linux/arm64/9.0", "linux/arm64/v9.1", true),
        ("linux/arm64/v9.-1", "linux/arm64/v9.-1", true), ("linux/arm/v6", "linux/arm64/v9", true),
    ])
    func requests(_ image: String, _ wanted: String, _ expected: Bool) throws {
        let platform = try #require(Platform(image))
        #expect(platform.satisfies(try #require(Platform(wanted))) == expected)
    }

    /// The canonical names, as containerd has them.
    @Test(arguments: [
        ("linux/arm64/v8", "linux/arm64"), ("linux/arm64/8", "linux/arm64"),
        ("linux/aarch64", "linux/arm64"), ("linux/arm64/v9.0", "linux/arm64/v9"),
        ("linux/arm64/v8.2", "linux/arm64/v8.2"), ("linux/arm", "linux/arm/v7"),
        ("linux/arm/6", "linux/arm/v6"), ("linux/armel", "linux/arm/v6"),
        ("linux/amd64/v1", "linux/amd64"), ("linux/amd64/v2", "linux/amd64/v2"),
        ("linux/i386", "linux/386"), ("macOS/x86-64", "darwin/amd64"),
        ("windows(10.0.1)/amd64", "windows(10.0.1)/amd64"),
    ])
    func normalized(_ text: String, _ expected: String) throws {
        let platform = try #require(Platform(text)).normalized
        #expect(platform.description == expected)
        #expect(Platform(expected) == platform)
        #expect(platform.normalized == platform)
    }

    /// An operating system or an architecture alone is completed.
    @Test(arguments: [
        ("linux", "linux/arm/v6"), ("windows", "windows/arm/v6"),
        ("windows(10.0.1)", "windows(10.0.1)/arm/v6"), ("macos", "darwin/arm/v6"),
        ("arm64", "linux/arm64"), ("X86_64", "linux/amd64"), ("armhf", "linux/arm/v7"),
        ("plan9/vax", "plan9/vax"), ("linux/arm/v5", "linux/arm/v5"),
    ])
    func completed(_ text: String, _ expected: String) throws {
        let machine = try #require(Platform("linux/arm/v6"))
        #expect(Platform(text, completedBy: machine)?.description == expected)
    }

    @Test(arguments: [
        "", "vax", "v8", "arm64(1)", "linux()", "linux/", "/arm64", "arm64 ", "linux,arm64",
        "linux/arm/v7/x",
    ])
    func notCompleted(_ text: String) {
        #expect(Platform(text, completedBy: .current) == nil)
    }

    @Test(arguments: ["linux/arm/v7", "windows(10.0.17763)/amd64", "windows(10.0.1)/amd64/v2"])
    func theDescriptionIsReadAgain(_ text: String) {
        #expect(Platform(text)?.description == text)
    }

    @Test func theDocumentIsInTheOrderOfTheSpecification() throws {
        var platform = Platform(os: "windows", architecture: "amd64", variant: "v2")
        platform.osVersion = "10.0.1"
        platform.osFeatures = ["win32k"]
        let text =
            #"{"architecture":"amd64","os":"windows","os.version":"10.0.1","os.features":["win32k"],"variant":"v2"}"#
        #expect(platform.document.serialized() == Array(text.utf8))
        #expect(try Platform(JSONField(.object(platform.document))) == platform)
    }
}

@Suite struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func theVectorsOfTheRFC(_ plain: String, _ encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == Array(encoded.utf8))
        #expect(Base64.decode(Array(encoded.utf8)) == Array(plain.utf8))
    }

    @Test func allBytes() {
        let bytes = (0...255).map { UInt8($0) }
        for count in 0...bytes.count {
            let part = Array(bytes.suffix(count))
            #expect(Base64.decode(Base64.encode(part)) == part)
        }
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "=Zg=", "Z===", "====", "Zm9v\n", "Zm 9v", "Zm9-", "Zm9_",
        "Zh==",
        "Zm9=", "Zg==Zg==", "Zé==",
    ])
    func whatIsNotCanonicalIsRefused(_ text: String) {
        #expect(Base64.decode(Array(text.utf8)) == nil)
    }
}

@Suite struct MediaTypeTests {
    @Test(arguments: [
        "text/plain", "application/vnd.oci.image.layer.v1.tar+gzip", "a/b; charset=utf-8", "1/2",
    ])
    func wellFormed(_ text: String) { #expect(MediaType(parsing: text) != nil) }

    @Test(arguments: [
        "", "a", "/", "a/", "/b", "a/b/c", "a b/c", "a/b c", "é/b", "a/b\n", ".a/b", "a/b;\n",
        "a/" + String(repeating: "b", count: 128),
    ])
    func malformed(_ text: String) { #expect(MediaType(parsing: text) == nil) }

    @Test func dockerTypesHaveOneOCIType() {
        #expect(MediaType.dockerManifest.asOCI == .manifest)
        #expect(MediaType.dockerLayerGzip.asOCI == .layerGzip)
        #expect(MediaType.dockerForeignLayerGzip.asOCI.isNondistributable)
        #expect(MediaType.layerZstd.asOCI == .layerZstd)
        #expect(MediaType("x/y").asOCI == MediaType("x/y"))
    }
}

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (86_399, "1970-01-01T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"), (951_868_800, "2000-03-01T00:00:00Z"),
        (1_700_000_000, "2023-11-14T22:13:20Z"), (1_709_164_800, "2024-02-29T00:00:00Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"), (4_107_456_000, "2100-02-28T00:00:00Z"),
        (1_735_689_599, "2024-12-31T23:59:59Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
    ])
    func secondsAndText(_ seconds: Int64, _ text: String) throws {
        #expect(Timestamp(secondsSinceEpoch: seconds)?.description == text)
        #expect(try Timestamp(text).seconds == seconds)
    }

    @Test func everyDayOfFourCenturiesFollowsTheOneBefore() throws {
        var previous = ""
        for day in 0..<Int64(146_097) {
            let timestamp = try #require(Timestamp(secondsSinceEpoch: day * 86_400 + 1))
            let text = timestamp.description
            #expect(text > previous)
            let read = try Timestamp(text)
            if read != timestamp { Issue.record("\(text) is read as \(read.seconds)") }
            previous = text
        }
        #expect(previous == "2369-12-31T00:00:01Z")
    }

    @Test func onlyWhatRFC3339CanWrite() {
        #expect(Timestamp(secondsSinceEpoch: -1) == nil)
        #expect(Timestamp(secondsSinceEpoch: 253_402_300_800) == nil)
        #expect(Timestamp(secondsSinceEpoch: .max) == nil)
    }

    @Test(arguments: [
        ("2024-05-31T09:30:00+02:00", "2024-05-31T07:30:00Z"),
        ("2024-01-01T00:30:00+01:00", "2023-12-31T23:30:00Z"),
        ("2023-12-31T23:30:00-01:00", "2024-01-01T00:30:00Z"),
        ("2024-05-31t09:30:00z", "2024-05-31T09:30:00Z"),
        ("2024-05-31T09:30:00.120Z", "2024-05-31T09:30:00.12Z"),
        ("2024-05-31T09:30:00.000000001Z", "2024-05-31T09:30:00.000000001Z"),
        ("2024-05-31T09:30:00.0000000019Z", "2024-05-31T09:30:00.000000001Z"),
        ("2024-05-31T09:30:00.0Z", "2024-05-31T09:30:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"),
        ("1600-02-29T12:00:00Z", "1600-02-29T12:00:00Z"),
    ])
    func offsetsAndFractionsBecomeUTC(_ text: String, _ expected: String) throws {
        #expect(try Timestamp(text).description == expected)
    }

    @Test(arguments: [
        "", "now", "2024-05-31", "2024-05-31T09:30:00", "2024-05-31 09:30:00Z",
        "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:60:00Z", "2024-06-30T23:59:60Z", "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+0100", "2024-01-01T00:00:00Zx",
        "-024-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00",
        "0000-01-01T00:00:00+01:00", "2024-01-01T00:00:00,5Z", "+024-01-01T00:00:00Z",
    ])
    func whatIsNoTimeIsRefused(_ text: String) {
        #expect(throws: ValueError.self) { try Timestamp(text) }
    }
}
