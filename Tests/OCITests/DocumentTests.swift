import JSON
import Testing

@testable import OCI

private func problem(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let error as JSONError {
        return error.text
    } catch {
        return "another error: \(error)"
    }
}

private let layer = descriptorText(.layerGzip, "a")
private let configDescriptor = descriptorText(.config, "c")

@Suite struct DescriptorTests {
    @Test func everyFieldAndWhatIsUnknownSurvives() throws {
        let golden =
            #"{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"\#(digestText("a"))","size":9223372036854775807,"urls":["https://example.com/a"],"annotations":{"b":"\u00e9","a":""},"data":"e30=","artifactType":"a/b","platform":{"os":"linux","architecture":"arm","variant":"v7"},"x":[1.0,null,{"y":18446744073709551616}]}"#
        let descriptor = try Descriptor(field(golden))
        #expect(text(descriptor.document) == golden)
        #expect(descriptor.size == .max)
        #expect(descriptor.platform?.description == "linux/arm/v7")
        #expect(descriptor[annotation: "b"] == "é")
        #expect(try descriptor.embeddedData() == Array("{}".utf8))
    }

    @Test(arguments: [
        ("[]", "an array, not an object"),
        ("{}", "mediaType: missing"),
        (#"{"mediaType":null}"#, "mediaType: null, where a value must be"),
        (#"{"mediaType":""}"#, "mediaType: not a media type"),
        (#"{"mediaType":"a"}"#, "mediaType: not a media type"),
        (#"{"mediaType":7}"#, "mediaType: a number, not a string"),
        (#"{"mediaType":"a/b"}"#, "digest: missing"),
        (#"{"mediaType":"a/b","digest":"sha256:00"}"#, "digest: not a sha256 or sha512 digest"),
        (#"{"mediaType":"a/b","digest":{}}"#, "digest: an object, not a string"),
    ])
    func whatIsWrongIsNamed(_ document: String, _ expected: String) {
        #expect(problem { _ = try Descriptor(field(document)) } == expected)
    }

    @Test(arguments: [
        ("-1", "negative"), ("1.0", "not an integer of 64 bits"),
        ("1e3", "not an integer of 64 bits"),
        ("9223372036854775808", "not an integer of 64 bits"),
        (String(repeating: "9", count: 1000), "not an integer of 64 bits"),
        ("\"1\"", "a string, not an integer"), ("true", "a boolean, not an integer"),
        ("null", "null, where a value must be"),
    ])
    func sizesThatAreNone(_ size: String, _ expected: String) {
        let document =
            #"{"mediaType":"a/b","digest":"\#(digestText("a"))","size":\#(size)}"#
        #expect(problem { _ = try Descriptor(field(document)) } == "size: \(expected)")
    }

    @Test(arguments: [
        (#""urls":"x""#, "urls: a string, not an array"),
        (#""urls":[1]"#, "urls[0]: a number, not a string"),
        (#""annotations":[]"#, "annotations: an array, not an object"),
        (#""annotations":{"a.b":1}"#, #"annotations["a.b"]: a number, not a string"#),
        (#""annotations":{"a":null}"#, "annotations.a: null, not a string"),
        (#""data":{}"#, "data: an object, not a string"),
        (#""artifactType":1"#, "artifactType: a number, not a string"),
        (#""platform":{"os":1}"#, "platform.os: a number, not a string"),
        (
            #""platform":{"os":"linux","architecture":"a","os.features":[1]}"#,
            #"platform["os.features"][0]: a number, not a string"#
        ),
    ])
    func optionalFieldsAreCheckedToo(_ member: String, _ expected: String) {
        let document =
            #"{"mediaType":"a/b","digest":"\#(digestText("a"))","size":1,\#(member)}"#
        #expect(problem { _ = try Descriptor(field(document)) } == expected)
    }

    @Test func annotationsComeAndGo() throws {
        var descriptor = try Descriptor(field(layer))
        let original = text(descriptor.document)
        descriptor[annotation: "k"] = "v"
        #expect(text(descriptor.document).hasSuffix(#","annotations":{"k":"v"}}"#))
        descriptor[annotation: "k"] = nil
        #expect(text(descriptor.document) == original)
    }

    @Test func dataThatIsNotBase64IsRefusedWhenItIsRead() throws {
        let document =
            #"{"mediaType":"a/b","digest":"\#(digestText("a"))","size":1,"data":"e30"}"#
        let descriptor = try Descriptor(field(document))
        #expect(problem { _ = try descriptor.embeddedData() } == "data: not base64")
    }
}

@Suite struct ManifestTests {
    @Test func everyFieldAndWhatIsUnknownSurvives() throws {
        let golden =
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.manifest)","artifactType":"a/b","config":\#(configDescriptor),"layers":[\#(layer)],"subject":\#(layer),"annotations":{"z":"1","a":"2"},"x":{"é":1.50}}"#
        let manifest = try Manifest(field(golden))
        #expect(text(manifest.document) == golden)
        #expect(manifest.storedBytes == Array(golden.utf8))
        #expect(manifest.subject?.digest == manifest.layers.first?.digest)
    }

    @Test func storedBytesLeaveOutWhatOnlyLinesHave() throws {
        let stored = try manifest(layers: [layer])
        var line = stored
        line[annotation: Annotation.position] = "1/2"
        var config = line.config
        config.embed(Array("{}".utf8))
        line.setConfig(config)
        #expect(text(line.document) != text(stored.document))
        #expect(line.storedBytes == stored.storedBytes)
    }

    @Test(arguments: [
        (#"{"schemaVersion":2}"#, "config: missing"),
        (#"{"schemaVersion":"2"}"#, "schemaVersion: a string, not an integer"),
        (#"{"schemaVersion":3}"#, "schemaVersion: not 2"),
        (
            #"{"schemaVersion":2,"mediaType":"text/plain"}"#,
            "mediaType: not the type of an image manifest"
        ),
        (
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.index)"}"#,
            "an index, not an image manifest"
        ),
        (#"{"schemaVersion":2,"manifests":[]}"#, "manifests: both a manifest and an index"),
        (#"{"schemaVersion":2,"config":\#(configDescriptor)}"#, "layers: missing"),
        (
            #"{"schemaVersion":2,"config":\#(configDescriptor),"layers":{}}"#,
            "layers: an object, not an array"
        ),
        (
            #"{"schemaVersion":2,"config":\#(configDescriptor),"layers":[\#(layer),\#(layer),{"mediaType":"a/b","digest":"x"}]}"#,
            "layers[2].digest: not a sha256 or sha512 digest"
        ),
        (
            #"{"schemaVersion":2,"config":\#(configDescriptor),"layers":[],"subject":1}"#,
            "subject: a number, not an object"
        ),
        (
            #"{"schemaVersion":2,"config":\#(configDescriptor),"layers":[],"annotations":{"\n":1}}"#,
            #"annotations["\n"]: a number, not a string"#
        ),
        (
            #"{"schemaVersion":2,"config":\#(configDescriptor),"layers":[],"artifactType":[]}"#,
            "artifactType: an array, not a string"
        ),
    ])
    func whatIsWrongIsNamed(_ document: String, _ expected: String) {
        #expect(problem { _ = try Manifest(field(document)) } == expected)
    }

    @Test func schema1IsRefusedInPlainWords() {
        let text = problem { _ = try Manifest(field(#"{"schemaVersion":1,"fsLayers":[]}"#)) }
        #expect(text?.contains("schema 1") == true)
    }

    @Test func theAnnouncedTypeMustBeTheDocuments() throws {
        let document = #"{"schemaVersion":2,"config":\#(configDescriptor),"layers":[]}"#
        #expect(try Manifest(field(document)).mediaType == .manifest)
        #expect(
            try Manifest(field(document), mediaType: .dockerManifest).mediaType == .dockerManifest)
        #expect(throws: JSONError.self) {
            try Manifest(manifest(layers: []).asField, mediaType: .dockerManifest)
        }
        #expect(throws: JSONError.self) { try Manifest(field(document), mediaType: .index) }
    }
}

extension Manifest {
    fileprivate var asField: JSONField { JSONField(.object(document)) }
}

@Suite struct IndexTests {
    private static let entry = descriptorText(.manifest, "a")

    @Test func attestationsAreNoImages() throws {
        let attestation =
            #"{"mediaType":"\#(MediaType.manifest)","digest":"\#(digestText("b"))","size":1,"platform":{"architecture":"unknown","os":"unknown"}}"#
        let golden =
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.index)","manifests":[\#(Self.entry),\#(attestation)],"subject":\#(Self.entry),"x":1}"#
        let index = try Index(field(golden))
        #expect(index.storedBytes == Array(golden.utf8))
        #expect(index.manifests.count == 2)
        #expect(index.subject?.size == 7)
    }

    @Test(arguments: [
        (#"{"schemaVersion":2}"#, "manifests: missing"),
        (
            #"{"schemaVersion":2,"manifests":[],"layers":[]}"#,
            "layers: both a manifest and an index"
        ),
        (#"{"schemaVersion":2,"manifests":[1]}"#, "manifests[0]: a number, not an object"),
        (#"{"schemaVersion":2,"manifests":[],"subject":[]}"#, "subject: an array, not an object"),
        (#"{"schemaVersion":1,"manifests":[]}"#, "schemaVersion: not 2"),
        (
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.manifest)"}"#,
            "mediaType: not the type of an index"
        ),
    ])
    func whatIsWrongIsNamed(_ document: String, _ expected: String) {
        #expect(problem { _ = try Index(field(document)) } == expected)
    }
}

@Suite struct ImageConfigTests {
    private static let required = #""architecture":"amd64","os":"linux""#
    private static let rootfs = #""rootfs":{"type":"layers","diff_ids":[]}"#

    @Test func everyFieldAndWhatIsUnknownSurvives() throws {
        let golden =
            #"{"created":"2015-10-31T22:22:56.015925234Z","author":"A","architecture":"amd64","os":"linux","os.version":"1","os.features":["f"],"variant":"v1","config":{"User":"u","ExposedPorts":{"80/tcp":{}},"Env":["A=1"],"Entrypoint":["/x"],"Cmd":null,"Volumes":{"/v":{}},"WorkingDir":"/","Labels":{"l":"v"},"StopSignal":"SIGTERM","ArgsEscaped":true,"Memory":1,"MemorySwap":2,"CpuShares":3,"Healthcheck":{"Test":["NONE"]},"OnBuild":[],"Shell":["/bin/sh"],"Hostname":"h"},"rootfs":{"type":"layers","diff_ids":["\#(digestText("1"))"]},"history":[{"created":"2015-10-31T22:22:54Z","created_by":"x","author":"a","comment":"c"},{"empty_layer":true}],"container_config":{"Cmd":1}}"#
        let value = try config(golden)
        #expect(value.bytes == Array(golden.utf8))
        #expect(value.layerHistoryCount == 1)
        #expect(value.diffIDs.count == 1)
        #expect(try value.platform().description == "linux(1)/amd64/v1")
    }

    @Test func anEmptyListOfDiffIDsMayBeLeftOut() throws {
        // As Docker writes the config of an image without layers.
        #expect(try config(#"{\#(Self.required),"rootfs":{"type":"layers"}}"#).diffIDs.isEmpty)
    }

    /// As Docker and containerd read it; a layer that is added makes it right.
    @Test(arguments: [#"{}"#, #"{"type":""}"#, #"{"type":null,"diff_ids":[]}"#])
    func theTypeOfTheRootMayBeMissing(_ rootfs: String) throws {
        let text = #"{\#(Self.required),"rootfs":\#(rootfs)}"#
        #expect(try config(text).bytes == Array(text.utf8))
    }

    @Test(arguments: [
        (#"{"architecture":1,"os":"linux"}"#, "architecture: a number, not a string"),
        // Docker reads a config without them.
        (#"{"os":"linux"}"#, "rootfs: missing"),
        (#"{\#(required)}"#, "rootfs: missing"),
        (#"{\#(required),"rootfs":{"type":"x"}}"#, "rootfs.type: not 'layers'"),
        (
            #"{\#(required),"rootfs":{"type":"layers","diff_ids":["x"]}}"#,
            "rootfs.diff_ids[0]: not a sha256 or sha512 digest"
        ),
        (
            #"{\#(required),\#(rootfs),"created":"yesterday"}"#,
            "created: not a time as RFC 3339 writes it, like 2024-05-31T09:30:00Z"
        ),
        (#"{\#(required),\#(rootfs),"author":1}"#, "author: a number, not a string"),
        (#"{\#(required),\#(rootfs),"history":{}}"#, "history: an object, not an array"),
        (#"{\#(required),\#(rootfs),"history":[{},1]}"#, "history[1]: a number, not an object"),
        (
            #"{\#(required),\#(rootfs),"history":[{"empty_layer":1}]}"#,
            "history[0].empty_layer: a number, not a boolean"
        ),
        (
            #"{\#(required),\#(rootfs),"history":[{"created":""}]}"#,
            "history[0].created: not a time as RFC 3339 writes it, like 2024-05-31T09:30:00Z"
        ),
        (
            #"{\#(required),\#(rootfs),"history":[{"comment":[]}]}"#,
            "history[0].comment: an array, not a string"
        ),
        (#"{\#(required),\#(rootfs),"config":[]}"#, "config: an array, not an object"),
        (
            #"{\#(required),\#(rootfs),"config":{"Env":"A=1"}}"#,
            "config.Env: a string, not an array"
        ),
        (
            #"{\#(required),\#(rootfs),"config":{"Cmd":["a",1]}}"#,
            "config.Cmd[1]: a number, not a string"
        ),
        (#"{\#(required),\#(rootfs),"config":{"User":0}}"#, "config.User: a number, not a string"),
        (
            #"{\#(required),\#(rootfs),"config":{"Labels":{"a":1}}}"#,
            "config.Labels.a: a number, not a string"
        ),
        (
            #"{\#(required),\#(rootfs),"config":{"ExposedPorts":["80"]}}"#,
            "config.ExposedPorts: an array, not an object"
        ),
        (
            #"{\#(required),\#(rootfs),"config":{"Volumes":{"/v":1}}}"#,
            #"config.Volumes["/v"]: a number, not an object"#
        ),
        (
            #"{\#(required),\#(rootfs),"config":{"Memory":"1g"}}"#,
            "config.Memory: a string, not an integer"
        ),
        (
            #"{\#(required),\#(rootfs),"config":{"Healthcheck":{"Interval":-1}}}"#,
            "config.Healthcheck.Interval: negative"
        ),
    ])
    func whatIsWrongIsNamed(_ document: String, _ expected: String) {
        #expect(problem { _ = try config(document) } == expected)
    }

    @Test func theConfigOfTheEmptyImage() {
        let value = ImageConfig(platform: Platform(os: "linux", architecture: "arm", variant: "v7"))
        let golden =
            #"{"architecture":"arm","os":"linux","variant":"v7","rootfs":{"type":"layers","diff_ids":[]}}"#
        #expect(value.bytes == Array(golden.utf8))
    }
}

/// Programs in Go write null for a list without elements.
@Suite struct NullListTests {
    private let descriptor = descriptorText(.config, "c")

    @Test func everyListMayBeNull() throws {
        let manifest = try Manifest(
            field(
                #"{"schemaVersion":2,"config":\#(descriptor),"layers":null,"annotations":null}"#))
        #expect(manifest.layers.isEmpty)
        #expect(try Index(field(#"{"schemaVersion":2,"manifests":null}"#)).manifests.isEmpty)
        #expect(
            try RawManifest.mediaType(of: Array(#"{"schemaVersion":2,"manifests":null}"#.utf8))
                == .index)
        let config = try config(
            #"{"architecture":"amd64","os":"linux","os.features":null,"history":null,"#
                + #""rootfs":{"type":"layers","diff_ids":null},"config":{"Env":null,"Cmd":null}}"#)
        #expect(config.diffIDs.isEmpty && config.history.isEmpty)
        #expect(try config.runConfig().environment.isEmpty)
    }
}
