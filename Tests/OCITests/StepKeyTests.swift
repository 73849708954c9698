import JSON
import OCI
import Testing

@Suite struct StepKeyTests {
    private static let layer = "sha256:" + String(repeating: "a", count: 64)

    private func config(_ run: String = "", _ other: String = "") throws -> ImageConfig {
        let text =
            #"{"architecture":"arm64","os":"linux","config":{\#(run)},"rootfs":{"type":"layers","#
            + #""diff_ids":["\#(Self.layer)"]}\#(other)}"#
        return try ImageConfig(JSONField(JSON.parse(Array(text.utf8))))
    }

    private func text(_ key: StepKey, _ config: ImageConfig) throws -> String {
        String(decoding: try key.document(config).serialized(), as: UTF8.self)
    }

    @Test func whatAProgramSees() throws {
        var key = StepKey()
        key.arguments = ["/bin/sh", "-c", "make"]
        key.environment = ["A=1"]
        let run = #""Env":["PATH=/bin"],"User":"app","WorkingDir":"/w""#
        #expect(
            try text(key, config(run))
                == #"{"version":1,"platform":"linux/arm64","layers":["\#(Self.layer)"],"#
                + #""env":["PATH=/bin"],"user":"app","workdir":"/w","args":["/bin/sh","-c","make"],"#
                + #""variables":["A=1"],"mounts":[],"contents":[]}"#)
    }

    @Test func whatNoProgramSees() throws {
        let key = StepKey()
        let labelled = try config(
            #""Labels":{"a":"b"},"Cmd":["x"],"ExposedPorts":{"80/tcp":{}}"#,
            #","created":"2024-01-01T00:00:00Z","history":[{"created_by":"x"}]"#)
        #expect(try text(key, labelled) == text(key, config()))
        #expect(try text(key, config(#""WorkingDir":"/""#)) == text(key, config()))
    }

    @Test func nothingRunsTogether() throws {
        var one = StepKey()
        one.environment = ["A=1", "B=2"]
        var two = StepKey()
        two.environment = ["A=1B=2"]
        var three = StepKey()
        three.mounts = ["A=1", "B=2"]
        let texts = try [one, two, three].map { try text($0, config()) }
        #expect(Set(texts).count == 3)
    }
}
