import JSON
import Testing

@testable import OCI

private let sum = digestText("d")
private let of = #""size":7,"digest":"\#(sum)""#
private let configEntry = #"{"mediaType":"application/vnd.oci.image.config.v1+json",\#(of)}"#
private let layerEntry = #"{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",\#(of)}"#
private let imageEntry = #"{"mediaType":"application/vnd.oci.image.manifest.v1+json",\#(of)}"#
private let longest = String(repeating: "7", count: 127)

/// The questions that image-spec's schema cases answer, with documents of our own. Where we differ
/// from the schema, the comment above the row says why.
@Suite struct SchemaCorpusTests {
    @Test(arguments: [
        (#"{"mediaType":"a/b",\#(of)}"#, true),
        (#"{"mediaType":"a/b","size":0,"digest":"\#(sum)"}"#, true),
        (#"{\#(of)}"#, false),
        (#"{"mediaType":"a",\#(of)}"#, false),
        (#"{"mediaType":".a/b",\#(of)}"#, false),
        (#"{"mediaType":"a/.b",\#(of)}"#, false),
        (#"{"mediaType":"\#(longest)/\#(longest)",\#(of)}"#, true),
        (#"{"mediaType":"\#(longest)7/b",\#(of)}"#, false),
        (#"{"mediaType":"a/\#(longest)7",\#(of)}"#, false),
        (#"{"mediaType":"a/b","digest":"\#(sum)"}"#, false),
        (#"{"mediaType":"a/b","size":"7","digest":"\#(sum)"}"#, false),
        (#"{"mediaType":"a/b","size":-7,"digest":"\#(sum)"}"#, false),
        (#"{"mediaType":"a/b","size":7}"#, false),
        (#"{"mediaType":"a/b","size":7,"digest":":\#(sum.dropFirst(7))"}"#, false),
        (#"{"mediaType":"a/b","size":7,"digest":"sha256"}"#, false),
        (#"{"mediaType":"a/b","size":7,"digest":"SHA256:\#(sum.dropFirst(7))"}"#, false),
        (#"{"mediaType":"a/b","size":7,"digest":"\#(sum.uppercased())"}"#, false),
        (#"{"mediaType":"a/b",\#(of),"urls":["https://example.com/x"]}"#, true),
        // No request is made from it, and registries store it.
        (#"{"mediaType":"a/b",\#(of),"urls":["word"]}"#, true),
        (#"{"mediaType":"a/b",\#(of),"urls":[7]}"#, false),
        (#"{"mediaType":"a/b",\#(of),"artifactType":"a/b"}"#, true),
        // It is only displayed.
        (#"{"mediaType":"a/b",\#(of),"artifactType":"a/.b"}"#, true),
        (#"{"mediaType":"a/b",\#(of),"data":"e30K"}"#, true),
        // A digest that cannot be computed proves nothing.
        (#"{"mediaType":"a/b","size":7,"digest":"sha256+b64:\#(sum.dropFirst(7))"}"#, false),
        (#"{"mediaType":"a/b","size":7,"digest":"multihash+base58:QmR"}"#, false),
        (#"{"mediaType":"a/b","size":7,"digest":"sha256+a+-b:\#(sum.dropFirst(7))"}"#, false),
    ])
    func descriptors(_ document: String, _ isRead: Bool) throws {
        expect(isRead) { _ = try Descriptor(field(document)) }
    }

    /// Another algorithm's digest may be named where nothing is fetched by it.
    @Test(arguments: [
        ("sha256+b64:c8", true), ("sha256+foo-bar:c8", true), ("sha256.foo-bar:c8", true),
        ("multihash+base58:QmRZxt2b1", true), ("sha256+b64u:LCa0a2j_xo-564", true),
        ("sha256+b64u.unknown:LCa0a2j_xo-564=", true), ("sha256+foo+-b:c8", false),
        (":c8", false), ("sha256", false), ("sha256:", false), ("SHA256:c8", false),
    ])
    func digests(_ text: String, _ expected: Bool) {
        #expect(Digest.isDigest(text) == expected)
    }

    @Test(arguments: [("e30K", true), ("e30", false), ("e3!K", false), ("", true)])
    func embeddedData(_ data: String, _ isRead: Bool) throws {
        let descriptor = try Descriptor(field(#"{"mediaType":"a/b",\#(of),"data":"\#(data)"}"#))
        expect(isRead) { _ = try descriptor.embeddedData() }
    }

    @Test(arguments: [
        (#""config":\#(configEntry),"layers":[\#(layerEntry),\#(layerEntry)]"#, true),
        (
            #""config":\#(configEntry),"layers":[\#(layerEntry)],"annotations":{"a":"b"},"subject":\#(imageEntry)"#,
            true
        ),
        (#""config":{"mediaType":"word",\#(of)},"layers":[\#(layerEntry)]"#, false),
        (
            #""config":{"mediaType":"a/b","size":"7","digest":"\#(sum)"},"layers":[\#(layerEntry)]"#,
            false
        ),
        (
            #""config":\#(configEntry),"layers":[{"mediaType":"a/b","size":"7","digest":"\#(sum)"}]"#,
            false
        ),
        // Images without layers are made by `FROM scratch` with a label.
        (#""config":\#(configEntry),"layers":[]"#, true),
        (#""config":\#(configEntry),"layers":null"#, true),
        (#""config":\#(configEntry)"#, false),
        (#""layers":[\#(layerEntry)]"#, false),
        (#""config":\#(configEntry),"layers":[\#(layerEntry)],"subject":".word""#, false),
        (
            #""config":{"mediaType":"a/b+json",\#(of)},"layers":[{"mediaType":"a/c+d",\#(of)}]"#,
            true
        ),
        (
            #""artifactType":"a/b","config":{"mediaType":"application/vnd.oci.empty.v1+json",\#(of)},"layers":[\#(layerEntry)]"#,
            true
        ),
    ])
    func manifests(_ members: String, _ isRead: Bool) throws {
        expect(isRead) {
            _ = try Manifest(
                field(
                    #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\#(members)}"#
                ))
        }
    }

    @Test(arguments: [
        (#""manifests":[\#(imageEntry)]"#, true),
        (
            #""manifests":[{"mediaType":"a/b+json",\#(of),"platform":{"architecture":"amd64","os":"linux"}}],"annotations":{"a":"b"}"#,
            true
        ),
        (
            #""artifactType":"a/b","manifests":[{"mediaType":"a/b","artifactType":"a/c",\#(of)}]"#,
            true
        ),
        (#""manifests":[\#(imageEntry)],"subject":\#(imageEntry)"#, true),
        (#""manifests":[\#(imageEntry)],"subject":"word""#, false),
        (#""manifests":[{"mediaType":"word",\#(of)}]"#, false),
        (#""manifests":[{"mediaType":"",\#(of)}]"#, false),
        (#""manifests":[{"mediaType":"a/b","size":"7","digest":"\#(sum)"}]"#, false),
        (#""manifests":[{"mediaType":"a/b","size":7}]"#, false),
        // Docker and containerd read entries with an incomplete platform.
        (#""manifests":[{"mediaType":"a/b",\#(of),"platform":{"os":"linux"}}]"#, true),
        (
            #""manifests":[{"mediaType":"a/b",\#(of),"platform":{"os":7,"architecture":"amd64"}}]"#,
            false
        ),
        (#""manifests":[]"#, true), (#""manifests":null"#, true), (#""annotations":{}"#, false),
    ])
    func indexes(_ members: String, _ isRead: Bool) throws {
        expect(isRead) {
            _ = try Index(
                field(
                    #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",\#(members)}"#
                ))
        }
    }

    @Test(arguments: [
        ("", true),
        (#""variant":"v8","author":"A <a@b>","created":"2015-10-31T22:22:56.015925234Z""#, true),
        (#""variant":7"#, false), (#""history":"word""#, false),
        (#""history":[{"created":"word"}]"#, false),
        (#""config":{"User":1234}"#, false), (#""config":{"Env":[7353]}"#, false),
        (#""config":{"Volumes":["/a","/b"]}"#, false),
        (#""config":{"ExposedPorts":{"80/tcp":{}}}"#, true),
        (
            #""config":{"User":"1:1","Env":["A=b"],"Entrypoint":["/a"],"Cmd":["b"],"Volumes":{"/a":{}},"WorkingDir":"/","Labels":{"a":"b"}}"#,
            true
        ),
        (
            #""history":[{"created":"2015-10-31T22:22:54Z","created_by":"a","empty_layer":true}]"#,
            true
        ),
        // A name without a value sets no variable, and Docker keeps it.
        (#""config":{"Env":["word"]}"#, true),
        // Null counts as absent.
        (#""config":null,"history":null,"author":null"#, true),
        (#""config":{"Env":null,"Cmd":null,"Labels":null,"Volumes":null,"User":null}"#, true),
    ])
    func configs(_ members: String, _ isRead: Bool) throws {
        let rest = members.isEmpty ? "" : "," + members
        expect(isRead) {
            _ = try config(
                #"{"architecture":"arm64","os":"linux","rootfs":{"type":"layers","diff_ids":["\#(sum)"]}\#(rest)}"#
            )
        }
    }

    @Test(arguments: [
        #"{"architecture":"amd64","os":7,"rootfs":{"type":"layers","diff_ids":[]}}"#,
        #"{"architecture":"amd64","os":"linux"}"#, "word",
        #"{"architecture":"amd64","os":"linux","rootfs":{"type":"word","diff_ids":[]}}"#,
        #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["word"]}}"#,
    ])
    func whatIsNoConfig(_ document: String) {
        expect(false) { _ = try config(document) }
    }
}

private func expect(_ isRead: Bool, _ body: () throws -> Void) {
    if isRead {
        #expect(throws: Never.self) { try body() }
    } else {
        #expect(throws: JSONError.self) { try body() }
    }
}
