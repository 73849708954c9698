import ByteStream
import Hashing
import JSON
import ToolSupport

@testable import OCI

@Sendable func checkJSON(_ input: [UInt8]) throws {
    let string = JSONString(utf8: input)
    try expect(
        try JSON.parse(JSON.string(string).serialized()) == .string(string),
        "a string that is written is read as it was")
    let parts = parts(of: input, 2)
    guard let value = try outcome({ try JSON.parse(parts[0]) }).value else { return }
    let bytes = value.serialized()
    try expect(bytes.count <= parts[0].count, "what was read is written in more bytes")
    let again = try outcome { try JSON.parse(bytes) }
    try expect(again.value == value, "written and read: \(again)")
    try expect(again.value?.serialized() == bytes, "written twice, in two ways")
    guard case .object(let object) = value,
        case .object(let patch)? = try outcome({ try JSON.parse(parts[1]) }).value
    else { return }
    var merged = object
    merged.merge(patch)
    let mergedAgain = try outcome { try JSON.parse(merged.serialized()) }
    try expect(mergedAgain.value == .object(merged), "merged and written: \(mergedAgain)")
    var twice = merged
    twice.merge(patch)
    try expect(twice == merged, "a patch that is applied twice")
}

@Sendable func checkDocuments(_ input: [UInt8]) throws {
    guard let json = try outcome({ try JSON.parse(input) }).value else { return }
    let field = JSONField(json)
    try checkSpelling(of: field)
    if let descriptor = try outcome({ try Descriptor(field) }).value {
        let again = try outcome { try Descriptor(JSONField(JSON.parse(descriptor.line))) }
        try expect(again.value == descriptor, "a descriptor, written and read: \(again)")
        _ = try outcome { try descriptor.embeddedData() }
    }
    if let index = try outcome({ try Index(field) }).value {
        let again = try outcome { try Index(JSONField(JSON.parse(index.storedBytes))) }
        try expect(again.value == index, "an index, written and read: \(again)")
    }
    if let manifest = try outcome({ try Manifest(field) }).value { try checkManifest(manifest) }
    if let config = try outcome({ try ImageConfig(field) }).value { try checkConfig(config) }
}

/// A key that a Go program would confuse with a known one hides the known one from every reader.
private func checkSpelling(of field: JSONField) throws {
    guard let object = field.value.object else { return }
    for key in Descriptor.keys {
        let hasOther = object.members.contains { member in
            let folded = member.key.text.lowercased().replacing("\u{17F}", with: "s")
            return member.key != key && folded == key.text.lowercased()
        }
        let isRefused = try outcome { try field.has(key) }.isRefused
        try expect(isRefused || !hasOther, "another spelling of \(key.text) is accepted")
    }
}

private func checkManifest(_ manifest: Manifest) throws {
    let bytes = manifest.storedBytes
    let again = try outcome { try Manifest(JSONField(JSON.parse(bytes))) }
    guard let again = again.value else { throw Broken("stored: \(again)") }
    try expect(again.storedBytes == bytes, "stored twice, in two ways")
    try expect(
        again.layers == manifest.layers && again.subject == manifest.subject, "stored otherwise")
    for format in ImageFormat.allCases {
        var converted = manifest
        let isConverted = try outcome {
            try converted.convert(to: format)
            return true
        }
        if isConverted.isRefused { continue }
        let read = try outcome {
            try Manifest(JSONField(JSON.parse(converted.document.serialized())))
        }
        try expect(read.value == converted, "converted to \(format): \(read)")
        try expect(
            converted.layers.map(\.digest) == manifest.layers.map(\.digest),
            "other layers in the format \(format)")
    }
}

private func checkConfig(_ config: ImageConfig) throws {
    let again = try outcome { try ImageConfig(JSONField(JSON.parse(config.bytes))) }
    try expect(again.value == config, "a config, written and read: \(again)")
    _ = try config.platform()
    var longer = config
    longer.append(layers: [(.of([]), JSONObject())])
    longer.append(emptyHistory: [JSONObject()])
    let read = try outcome { try ImageConfig(JSONField(JSON.parse(longer.bytes))) }
    try expect(read.value == longer, "a config with one more layer: \(read)")
    try expect(longer.diffIDs.count == config.diffIDs.count + 1, "one layer more")
    try expect(
        longer.layerHistoryCount >= longer.diffIDs.count, "a history for every layer")
    var edit = ConfigEdit()
    edit.created = Timestamp(secondsSinceEpoch: 0)
    var edited = config
    let isEdited = try outcome {
        try edited.apply(edit)
        return true
    }
    guard isEdited.value != nil else { return }
    let reread = try outcome { try ImageConfig(JSONField(JSON.parse(edited.bytes))) }
    try expect(reread.value == edited, "an edited config: \(reread)")
}

/// A manifest and its config, as an image line and edited.
@Sendable func checkImage(_ input: [UInt8]) throws {
    _ = try outcome { try ImageLines.read(input, path: "fuzz").count }
    let parts = parts(of: input, 2)
    let image = try outcome { () throws -> String in
        var manifest = try Manifest(JSONField(JSON.parse(parts[0])))
        manifest.setConfig(
            manifest.config.describing(digest: .of(parts[1]), size: Int64(parts[1].count)))
        let image = Image(manifest: manifest, configBytes: parts[1])
        try checkLine(of: image)
        try checkEdits(of: image)
        return text(image.line)
    }
    _ = image
}

private func checkLine(of image: Image) throws {
    let line = image.line
    let read = try outcome {
        try ImageLines.read(line + [UInt8(ascii: "\n")], path: "fuzz").map(\.line)
    }
    try expect(read.value == [line], "a line that is written: \(read)")
}

private func checkEdits(of image: Image) throws {
    var config = try image.config()
    var manifest = image.manifest
    try config.checkLayers(of: manifest)
    let rebase = try Rebase(from: image, to: image)
    try rebase.apply(to: &manifest, config: &config)
    try expect(
        manifest.layers.map(\.digest) == image.manifest.layers.map(\.digest),
        "rebased on what it stands on")
    try expect(
        try config.diffIDs == image.config().diffIDs, "rebased on what it stands on")
    var layer = Descriptor(mediaType: .layer, digest: .of([1]), size: 1)
    layer[annotation: Annotation.uncompressed] = Digest.of([2]).description
    let addition = try LayerAddition(layer, history: JSONObject())
    try manifest.append([addition], to: &config)
    var longer = image
    longer.manifest = manifest
    longer.setConfig(config.bytes, digest: .of(config.bytes))
    try checkLine(of: longer)
    try longer.config().checkLayers(of: longer.manifest)
}

@Sendable func checkRuntimeConfig(_ input: [UInt8]) throws {
    let parts = parts(of: input, 4)
    let database = UserDatabase(passwd: parts[1], group: parts[2])
    _ = try outcome { try database.resolve(text(parts[3])) }
    _ = try outcome { () throws -> Bool in
        let config = try ImageConfig(JSONField(JSON.parse(parts[0])))
        let user = try database.resolve(config.user)
        try expect(user.uid != .max && user.gid != .max, "nobody's number")
        var options = RuntimeConfig.Options()
        if parts[3].count % 2 == 1 { options.rootlessOwner = ProcessUser(uid: 1, gid: 1) }
        let document = try RuntimeConfig(config, user: user, options: options).document
        let read = try outcome { try JSON.parse(document.serialized()) }
        try expect(read.value == .object(document), "a config.json that is written: \(read)")
        let directory = try JSONField(.object(document)).required("process").required("cwd")
        try expect(try directory.string().hasPrefix("/"), "a working directory that is relative")
        return true
    }
}

@Sendable func checkReference(_ input: [UInt8]) throws {
    let input = text(input)
    if let reference = try outcome({ try Reference(input) }).value {
        let again = try outcome { try Reference(reference.description) }
        try expect(again.value == reference, "written and read: \(again), was \(reference)")
        if case .registry(let reference) = reference {
            let all = [reference.host, reference.repository, reference.tag ?? ""]
            try expect(
                all.allSatisfy { $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } },
                "what goes into a URL: \(reference)")
            try expect(
                !reference.repository.split(separator: "/").contains(".."), "a path with '..'")
        }
    }
    if let digest = Digest(input) { try expect(digest.description == input, "a digest") }
    if let platform = Platform(input) {
        try expect(Platform(platform.description) == platform, "a platform: \(platform)")
    }
    if let time = try outcome({ try Timestamp(input) }).value {
        let again = try outcome { try Timestamp(time.description) }
        try expect(again.value == time, "a time: \(time), \(again)")
    }
    if let type = MediaType(parsing: input) {
        try expect(
            type.rawValue.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "what would end a header")
    }
}
