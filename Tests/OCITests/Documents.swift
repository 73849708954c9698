import JSON

@testable import OCI

/// Hexadecimal digits that make a digest of one repeated character.
func digestText(_ character: Character) -> String {
    "sha256:" + String(repeating: character, count: 64)
}

func digest(_ character: Character) throws -> Digest {
    guard let digest = Digest(digestText(character)) else {
        throw ValueError("\(character) is not hexadecimal")
    }
    return digest
}

func field(_ text: String) throws -> JSONField { JSONField(try JSON.parse(Array(text.utf8))) }

func text(_ object: JSONObject) -> String { String(decoding: object.serialized(), as: UTF8.self) }

func descriptorText(_ type: MediaType, _ character: Character, size: Int = 7) -> String {
    #"{"mediaType":"\#(type)","digest":"\#(digestText(character))","size":\#(size)}"#
}

func descriptor(_ type: MediaType, _ character: Character) throws -> Descriptor {
    try Descriptor(field(descriptorText(type, character)))
}

func manifest(
    layers: [String], type: MediaType = .manifest, config: MediaType = .config
) throws -> Manifest {
    try Manifest(
        field(
            #"{"schemaVersion":2,"mediaType":"\#(type)","config":"#
                + descriptorText(config, "c")
                + #","layers":[\#(layers.joined(separator: ","))]}"#))
}

func config(_ text: String) throws -> ImageConfig { try ImageConfig(field(text)) }

/// A config for linux/amd64 with one layer and the given `config`.
func config(run: String) throws -> ImageConfig {
    try config(
        #"{"architecture":"amd64","os":"linux","config":\#(run),"rootfs":{"type":"layers","diff_ids":["\#(digestText("1"))"]},"history":[{"created_by":"base"}]}"#
    )
}
