import JSON
import Testing

@testable import OCI

/// An image with one layer for each of `layers`, given by digests and diffIDs.
private func rebaseImage(
    layers: String, run: String = "{}", history: String? = nil, members: String = "",
    type: MediaType = .manifest, annotations: String = "{}"
) throws -> Image {
    let isDocker = type == .dockerManifest
    let diffIDs = layers.map { "\"\(digestText($0))\"" }.joined(separator: ",")
    let entries = history ?? layers.map { #"{"created_by":"\#($0)"}"# }.joined(separator: ",")
    let config =
        #"{"architecture":"amd64","os":"linux"\#(members),"config":\#(run),"rootfs":{"type":"layers","diff_ids":[\#(diffIDs)]},"history":[\#(entries)]}"#
    let descriptors = layers.map { descriptorText(isDocker ? .dockerLayerGzip : .layerGzip, $0) }
    let document =
        #"{"schemaVersion":2,"mediaType":"\#(type)","config":"#
        + descriptorText(isDocker ? .dockerConfig : .config, "c", size: config.utf8.count)
        + #","layers":[\#(descriptors.joined(separator: ","))],"annotations":\#(annotations)}"#
    return Image(manifest: try Manifest(field(document)), configBytes: Array(config.utf8))
}

private func rebased(
    _ image: Image, from old: Image, to new: Image
) throws -> (manifest: Manifest, config: ImageConfig) {
    var manifest = image.manifest
    var config = try image.config()
    try Rebase(from: old, to: new).apply(to: &manifest, config: &config)
    // The result must satisfy the rules for every image.
    _ = try ImageConfig(JSONField(.object(config.document)))
    try config.checkLayers(of: manifest)
    return (manifest, config)
}

private func rebasedRun(_ mine: String, from old: String, to new: String) throws -> String {
    let result = try rebased(
        rebaseImage(layers: "1a", run: mine), from: rebaseImage(layers: "1", run: old),
        to: rebaseImage(layers: "2", run: new))
    guard case .object(let run) = result.config.document["config"] else { return "none" }
    return text(run)
}

private func creators(_ config: ImageConfig) -> [String] {
    config.history.map {
        guard case .string(let text) = $0["created_by"] else { return "" }
        return text.text
    }
}

@Suite struct RebaseTests {
    @Test func layersDiffIDsAndHistoryOfTheBaseAreReplaced() throws {
        let result = try rebased(
            rebaseImage(layers: "12ab"), from: rebaseImage(layers: "12"),
            to: rebaseImage(layers: "345"))
        let expected = try "345ab".map { try digest($0) }
        #expect(result.config.diffIDs == expected)
        #expect(result.manifest.layers.map(\.digest) == expected)
        #expect(creators(result.config) == ["3", "4", "5", "a", "b"])
    }

    @Test func theSameBaseChangesNothing() throws {
        let base = try rebaseImage(layers: "12", run: #"{"Env":["A=1"],"Labels":{"x":"y"}}"#)
        let image = try rebaseImage(
            layers: "12a", run: #"{"Env":["A=2","B=1"],"Labels":{"x":"y"},"Cmd":["z"]}"#)
        let result = try rebased(image, from: base, to: base)
        #expect(text(result.config.document).utf8.elementsEqual(image.configBytes))
        #expect(result.manifest == image.manifest)
    }

    /// Docker writes null and empty values where others leave a field out.
    @Test(arguments: [
        (#"{"User":"","Entrypoint":null,"Labels":null,"StopSignal":""}"#, #"{"Env":["A=b"]}"#),
        ("{}", #"{"Env":["A=b"],"User":"","Entrypoint":[],"Labels":{},"Healthcheck":{}}"#),
    ])
    func whatSaysNothingIsInherited(_ old: String, _ mine: String) throws {
        let new = #"{"User":"1000","Entrypoint":["/init"],"StopSignal":"SIGINT"}"#
        #expect(
            try rebasedRun(mine, from: old, to: new)
                == #"{"User":"1000","Entrypoint":["/init"],"StopSignal":"SIGINT","Env":["A=b"]}"#)
    }

    @Test func theOrderOfKeysIsNoChange() throws {
        let old = #"{"Healthcheck":{"Test":["CMD","a"],"Retries":3}}"#
        let mine = #"{"Healthcheck":{"Retries":3,"Interval":0,"Test":["CMD","a"]}}"#
        let new = #"{"Healthcheck":{"Test":["CMD","b"]}}"#
        #expect(try rebasedRun(mine, from: old, to: new) == new)
    }

    @Test func anEmptyLabelIsALabel() throws {
        let result = try rebasedRun(
            #"{"Labels":{"a":""}}"#, from: #"{"Labels":{"a":"x"}}"#, to: #"{"Labels":{"a":"y"}}"#)
        #expect(result == #"{"Labels":{"a":""}}"#)
    }

    @Test func anImageOfAnotherBaseIsRefused() throws {
        let new = try rebaseImage(layers: "3")
        for layers in ["", "1", "21", "1a2"] {
            let image = try rebaseImage(layers: layers)
            let error = #expect(throws: EditError.self) {
                try rebased(image, from: try rebaseImage(layers: "12"), to: new)
            }
            #expect(error?.text.contains("does not stand on the old base") == true)
        }
    }

    @Test func anotherPlatformIsRefused() throws {
        let arm = ImageConfig(platform: Platform(os: "linux", architecture: "arm64"))
        let manifest = try manifest(layers: [])
        var descriptor = manifest.config
        descriptor = Descriptor(
            mediaType: .config, digest: descriptor.digest, size: Int64(arm.bytes.count))
        let other = Image(manifest: Manifest(config: descriptor), configBytes: arm.bytes)
        let amd = try rebaseImage(layers: "")
        #expect(throws: EditError.self) { try Rebase(from: amd, to: other) }
        #expect(throws: EditError.self) { try rebased(amd, from: other, to: other) }
    }

    @Test func entriesWithoutLayersFollowTheirOwners() throws {
        let old = try rebaseImage(
            layers: "1", history: #"{"created_by":"1"},{"created_by":"old","empty_layer":true}"#)
        let mine = try rebaseImage(
            layers: "1a",
            history:
                #"{"created_by":"1"},{"created_by":"old","empty_layer":true},{"created_by":"mine","empty_layer":true},{"created_by":"a"}"#
        )
        let new = try rebaseImage(
            layers: "2", history: #"{"created_by":"2"},{"created_by":"new","empty_layer":true}"#)
        #expect(
            try creators(rebased(mine, from: old, to: new).config) == ["2", "new", "mine", "a"])
    }

    @Test func aRewrittenHistoryIsCutBehindTheLayersOfTheBase() throws {
        let mine = try rebaseImage(
            layers: "12a",
            history:
                #"{"created_by":"x"},{"created_by":"y"},{"created_by":"e","empty_layer":true},{"created_by":"a"}"#
        )
        let result = try rebased(
            mine, from: rebaseImage(layers: "12"), to: rebaseImage(layers: "3"))
        // Layers in between have no known owner: they are replaced with the base.
        #expect(creators(result.config) == ["3", "a"])
    }

    @Test func missingHistoriesAreFilledUp() throws {
        let none = try rebased(
            rebaseImage(layers: "1a", history: ""), from: rebaseImage(layers: "1", history: ""),
            to: rebaseImage(layers: "23", history: ""))
        #expect(none.config.history.isEmpty)
        let own = try rebased(
            rebaseImage(layers: "1a", history: #"{},{"created_by":"a"}"#),
            from: rebaseImage(layers: "1", history: ""), to: rebaseImage(layers: "23", history: ""))
        #expect(creators(own.config) == ["", "", "a"])
        let base = try rebased(
            rebaseImage(layers: "1a", history: ""), from: rebaseImage(layers: "1"),
            to: rebaseImage(layers: "23"))
        #expect(creators(base.config) == ["2", "3", ""])
    }

    @Test(arguments: [
        // Inherited values follow the base; values that were changed or removed stay.
        (#"{"User":"o"}"#, #"{"User":"o"}"#, #"{"User":"n"}"#, #"{"User":"n"}"#),
        (#"{"User":"m"}"#, #"{"User":"o"}"#, #"{"User":"n"}"#, #"{"User":"m"}"#),
        (#"{"User":"m"}"#, "{}", #"{"User":"n"}"#, #"{"User":"m"}"#),
        ("{}", #"{"User":"o"}"#, #"{"User":"n"}"#, "none"),
        ("{}", "{}", #"{"User":"n"}"#, #"{"User":"n"}"#),
        (#"{"User":"o"}"#, #"{"User":"o"}"#, "{}", "none"),
        (#"{"User":"m"}"#, #"{"User":"o"}"#, "{}", #"{"User":"m"}"#),
        (
            #"{"Env":["P=o","A=1","M=2"]}"#, #"{"Env":["P=o","A=0","R=1"]}"#,
            #"{"Env":["N=1","P=n","A=9","R=2"]}"#, #"{"Env":["N=1","P=n","A=1","M=2"]}"#
        ),
        (
            #"{"Labels":{"o":"1","m":"2"}}"#, #"{"Labels":{"o":"1","r":"1"}}"#,
            #"{"Labels":{"o":"9","r":"9","n":"1"}}"#, #"{"Labels":{"o":"9","n":"1","m":"2"}}"#
        ),
        (
            #"{"ExposedPorts":{"80/tcp":{}},"Volumes":{"/m":{}}}"#, #"{"Volumes":{"/o":{}}}"#,
            #"{"Volumes":{"/o":{},"/n":{}},"ExposedPorts":{"90/tcp":{}}}"#,
            #"{"Volumes":{"/n":{},"/m":{}},"ExposedPorts":{"90/tcp":{},"80/tcp":{}}}"#
        ),
        // A program that the image sets keeps its arguments, even if the base had the same ones.
        (
            #"{"Entrypoint":["m"],"Cmd":["o"]}"#, #"{"Cmd":["o"]}"#, #"{"Cmd":["n"]}"#,
            #"{"Cmd":["o"],"Entrypoint":["m"]}"#
        ),
        (#"{"Entrypoint":["m"]}"#, #"{"Cmd":["o"]}"#, #"{"Cmd":["n"]}"#, #"{"Entrypoint":["m"]}"#),
        (
            #"{"Cmd":["m"]}"#, #"{"Cmd":["o"]}"#, #"{"Entrypoint":["n"],"Cmd":["n"]}"#,
            #"{"Entrypoint":["n"],"Cmd":["m"]}"#
        ),
    ])
    func fields(_ mine: String, _ old: String, _ new: String, _ expected: String) throws {
        #expect(try rebasedRun(mine, from: old, to: new) == expected)
    }

    @Test func otherFieldsOfTheDocument() throws {
        let result = try rebased(
            rebaseImage(
                layers: "1a", members: #","author":"m","x":1,"created":"2020-01-01T00:00:00Z""#),
            from: rebaseImage(layers: "1", members: #","author":"o","x":1"#),
            to: rebaseImage(
                layers: "2", members: #","author":"n","x":2,"created":"2021-01-01T00:00:00Z""#))
        #expect(result.config.document["author"] == .string("m"))
        #expect(result.config.document["x"] == .integer(2))
        #expect(result.config.created == "2020-01-01T00:00:00Z")
    }

    @Test func annotationsFollowTheBase() throws {
        let result = try rebased(
            rebaseImage(
                layers: "1a",
                annotations:
                    #"{"o":"1","m":"1","ocinoco.position":"1/2","org.opencontainers.image.base.name":"q"}"#
            ),
            from: rebaseImage(
                layers: "1", annotations: #"{"o":"1","org.opencontainers.image.base.name":"p"}"#),
            to: rebaseImage(
                layers: "2",
                annotations:
                    #"{"n":"1","ocinoco.position":"2/2","org.opencontainers.image.base.name":"r","org.opencontainers.image.base.digest":"d"}"#
            ))
        #expect(
            text(result.manifest.annotations)
                == #"{"n":"1","ocinoco.position":"1/2","org.opencontainers.image.base.name":"q","m":"1"}"#
        )
    }

    @Test func mixedFormatsBecomeOCI() throws {
        let docker = try rebaseImage(layers: "1", type: .dockerManifest)
        let oci = try rebaseImage(layers: "2")
        let one = try rebased(
            rebaseImage(layers: "1a", type: .dockerManifest), from: docker, to: oci)
        let two = try rebased(rebaseImage(layers: "2a"), from: oci, to: docker)
        for manifest in [one.manifest, two.manifest] {
            #expect(manifest.mediaType == .manifest)
            #expect(manifest.config.mediaType == .config)
            #expect(manifest.layers.map(\.mediaType) == [.layerGzip, .layerGzip])
        }
        let same = try rebased(
            rebaseImage(layers: "1a", type: .dockerManifest), from: docker, to: docker)
        #expect(same.manifest.mediaType == .dockerManifest)
    }
}
