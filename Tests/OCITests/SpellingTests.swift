import JSON
import Testing

@testable import OCI

/// Keys that Go programs would confuse are refused, and the error names the document.
@Suite struct SpellingTests {
    private func problem(_ body: () throws(JSONError) -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return error.text
        }
    }

    private static let manifestText =
        #"{"schemaVersion":2,"config":\#(descriptorText(.config, "c")),"layers":[]}"#

    @Test(arguments: [
        "SchemaVersion", "MediaType", "Config", "Layers", "LAYERS", "layer\u{17F}", "Manifests",
        "Subject", "Annotations", "ArtifactType",
    ])
    func manifests(_ key: String) {
        let document = Self.manifestText.dropLast() + ",\"\(key)\":null}"
        let text = problem { () throws(JSONError) in
            _ = try Manifest(JSONField(JSON.parse(Array(document.utf8))))
        }
        #expect(text?.contains("spelled otherwise") == true)
    }

    @Test(arguments: ["digeSt", "Size", "MEDIATYPE", "Urls", "Data", "Platform", "platform\u{17F}"])
    func descriptors(_ key: String) {
        let document =
            #"{"schemaVersion":2,"manifests":["# + descriptorText(.manifest, "a").dropLast()
            + ",\"\(key)\":null}]}"
        let text = problem { () throws(JSONError) in
            _ = try Index(JSONField(JSON.parse(Array(document.utf8))))
        }
        #expect((text?.hasPrefix("manifests[0]") == true) == (key != "platform\u{17F}"))
    }

    @Test(arguments: [
        ("\"config\":{\"cmd\":[]}", "config.cmd"),
        ("\"config\":{\"\u{212A}illed\":1}", nil),
        ("\"config\":{\"Label\u{17F}\":{}}", "config[\"Label\u{17F}\"]"),
        ("\"config\":{\"Labels\":{\"a\":\"\",\"A\":\"\"}}", nil),
        ("\"config\":{\"Healthcheck\":{\"test\":[]}}", "config.Healthcheck.test"),
        ("\"Rootfs\":{}", "Rootfs"), ("\"OS\":\"\"", "OS"),
        ("\"os.Version\":\"\"", "[\"os.Version\"]"),
        ("\"history\":[{\"Created\":null}]", "history[0].Created"),
        ("\"history\":[{\"empty_Layer\":true}]", "history[0].empty_Layer"),
    ])
    func configs(_ member: String, _ path: String?) {
        let document =
            #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"},"# + member + "}"
        let text = problem { () throws(JSONError) in
            _ = try ImageConfig(JSONField(JSON.parse(Array(document.utf8))))
        }
        #expect(text?.prefix { $0 != ":" } == path.map { Substring($0) })
    }
}
