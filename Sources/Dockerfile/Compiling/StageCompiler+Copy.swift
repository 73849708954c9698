import OCI
import Tar

extension StageCompiler {
    /// Compiles COPY and ADD.
    mutating func compileCopy(_ instruction: Instruction) throws {
        let words: [Word]
        switch instruction.arguments {
        case .json(let list), .words(let list): words = list
        case .none, .pairs, .text, .trigger, .check: return
        }
        guard let last = words.last else { return }
        var copy = try options(of: instruction, destination: last)
        try sort(words.dropLast(), of: instruction, into: &copy)
        // Without a value it is the context, as in BuildKit.
        if let from = instruction.flag("from"), let name = from.value, !name.isEmpty {
            copy.root = try root(of: from, holding: copy.sources, instruction)
        }
        let name = beginCopy(instruction)
        var pack: [ShellWord] = ["oci-tar", .option("copy", copy.destination)]
        try appendContext(of: instruction, copy, to: &pack)
        appendBase(copy, to: &pack)
        if let mode = copy.mode { pack.append(.option("chmod", mode)) }
        for flag in instruction.flags where flag.name == "exclude" {
            pack.append(.option("exclude", flag.value ?? ""))
        }
        if instruction.boolean("parents") ?? false { pack.append("--parents") }
        if let time = whole.request.modificationTime { pack.append(.option("mtime", time)) }
        try appendInline(copy, instruction, name, to: &pack)
        if !copy.sources.isEmpty { pack.append("--xattrs") }
        pack.append("--")
        // An empty source means the whole context, as in BuildKit.
        pack += copy.sources.map { ShellWord(quoting: $0.isEmpty ? "/" : $0) }
        appendLayer(name, packing: pack, createdBy: history(of: instruction, copy))
    }

    // MARK: arguments and flags

    private mutating func options(
        of instruction: Instruction, destination: Word
    ) throws -> Copy {
        let written = try expand(destination, of: instruction)
        var copy = Copy(
            destination: state.absolute(written), writtenDestination: written,
            isLink: instruction.boolean("link") ?? false)
        for (name, path) in [("chown", \Copy.owner), ("chmod", \Copy.mode)] {
            guard let flag = instruction.flag(name), let value = flag.value else { continue }
            let text = try expand(Word(value, at: flag.offset), of: instruction)
            if text.isEmpty { continue }
            if name == "chmod", ModeChange(text) == nil {
                throw instruction.malformed(
                    "'\(text)' is no mode: it is octal, at most 7777, or as in 'u=rwX,go=rX'",
                    at: flag)
            }
            copy[keyPath: path] = text
        }
        // As in BuildKit: with a mode, `--link` has no effect.
        if copy.mode != nil { copy.isLink = false }
        return copy
    }

    /// Tells paths, addresses and heredocs apart.
    private mutating func sort(
        _ words: ArraySlice<Word>, of instruction: Instruction, into copy: inout Copy
    ) throws {
        let isAdd = instruction.keyword == .add
        var isJSON = false
        if case .json = instruction.arguments { isJSON = true }
        for word in words {
            // Of several with one name all have the content of the last, as in BuildKit.
            if !isJSON, let mark = Heredoc(word: word.text),
                let heredoc = instruction.heredocs.last(where: { $0.name.isSame(as: mark.name) })
            {
                copy.heredocs.append(heredoc)
                continue
            }
            let source = try expand(word, of: instruction)
            if source.unicodeScalars.contains("\0") {
                throw instruction.malformed("'\(word.text)' stands for no path", at: word)
            }
            if StageCompiler.isRepository(source) {
                throw DockerfileError(
                    instruction.position(of: word),
                    .unsupported("\(instruction.keyword.rawValue) of a git repository"))
            }
            if StageCompiler.isAddress(source) {
                guard isAdd else {
                    throw instruction.malformed("a source cannot be a URL; write ADD", at: word)
                }
                copy.addresses.append(Copy.Address(url: source, place: copy.sources.count))
            } else {
                copy.sources.append(source)
            }
            copy.written.append(source)
        }
        try check(copy, instruction)
    }

    private func check(_ copy: Copy, _ instruction: Instruction) throws(DockerfileError) {
        let count = copy.sources.count + copy.addresses.count + copy.heredocs.count
        if count > 1, !copy.destination.hasSuffix("/") {
            throw instruction.malformed("several sources need a destination that ends with '/'")
        }
        if let flag = instruction.flag("checksum"), copy.addresses.isEmpty || count > 1 {
            throw instruction.malformed("'--checksum' is of one source, an http(s) URL", at: flag)
        }
    }

    private static func isAddress(_ source: String) -> Bool {
        source.hasPrefix("http://") || source.hasPrefix("https://")
    }

    /// Whether it is `USER@HOST:PATH`, by which git finds a repository.
    private static func isHostPath(_ source: String) -> Bool {
        func isName(_ byte: UInt8) -> Bool {
            byte.isAlphanumeric || byte == UInt8(ascii: "-")
        }
        let user = source.utf8.prefix { isName($0) || $0 == UInt8(ascii: "_") }
        let rest = source.utf8[user.endIndex...]
        guard !user.isEmpty, rest.first == UInt8(ascii: "@") else { return false }
        let host = rest.dropFirst().prefix { isName($0) || $0 == UInt8(ascii: ".") }
        return !host.isEmpty && source.utf8[host.endIndex...].first == UInt8(ascii: ":")
    }

    private static func isRepository(_ source: String) -> Bool {
        if source.hasPrefix("git://") || source.hasPrefix("ssh://") { return true }
        if isHostPath(source) { return true }
        guard isAddress(source) else { return false }
        let path = source.split(separator: "#", omittingEmptySubsequences: false)[0]
            .split(separator: "?", omittingEmptySubsequences: false)[0]
        return path.hasSuffix(".git")
    }

    // MARK: sources

    /// The directory in which the files of a stage or an image are unpacked.
    private mutating func root(
        of flag: Instruction.Flag, holding paths: [String], _ instruction: Instruction
    ) throws -> String {
        let name = flag.value ?? ""
        if name.unicodeScalars.contains("$") {
            throw instruction.malformed(
                "variable expansion is not supported in '--from'; give a stage that name with "
                    + "FROM", at: flag)
        }
        let source = try source(named: name, at: instruction.position(of: flag), instruction)
        return whole.root(of: source, holding: paths)
    }

    mutating func source(
        named name: String, at position: SourcePosition, _ instruction: Instruction
    ) throws -> SourceName {
        let stages = whole.stages
        if let source = stages.source(name, before: stage.index) {
            return try self.source(of: source)
        }
        if Int(name) != nil {
            throw DockerfileError(
                position, .malformed(instruction.keyword, "no stage \(name) before this one"))
        }
        if stages.stages[stage.index...].contains(where: { $0.name == name.lowercased() }) {
            throw DockerfileError(
                position,
                .malformed(instruction.keyword, "stage '\(name)' is not before this one"))
        }
        return try sourceOfImage(name, at: position, instruction)
    }

    private mutating func sourceOfImage(
        _ reference: String, at position: SourcePosition, _ instruction: Instruction
    ) throws -> SourceName {
        let name = SourceName.image(reference)
        if whole.sources[name] != nil { return name }
        let isScratch = reference == "scratch"
        let base =
            isScratch
            ? BaseImage.scratch(whole.platform)
            : try whole.image(reference, whole.platform, at: position, instruction.keyword)
        let image = whole.newName("\(whole.prefix)image")
        whole.images.append(reference)
        whole.sources[name] = Source(
            image: image, root: image + ".root", fetch: try whole.fetch(base, whole.platform),
            places: isScratch ? [] : [.option("from", base.reference)],
            isEmpty: base.config.diffIDs.isEmpty)
        return name
    }

    /// The source name of a stage, which is compiled if it was not before.
    private mutating func source(of stage: Stage) throws -> SourceName {
        let name = SourceName.stage(stage.index)
        if whole.sources[name] != nil { return name }
        try whole.compile(stage)
        guard let done = whole.states[stage.index] else {
            preconditionFailure("the stage was not compiled")
        }
        whole.sources[name] = Source(
            image: done.image, root: done.root ?? done.image + ".root",
            places: done.placeOptions, isEmpty: done.isEmpty, mayBeThere: done.root != nil)
        return name
    }

    private mutating func appendContext(
        of instruction: Instruction, _ copy: Copy, to pack: inout [ShellWord]
    ) throws {
        if let root = copy.root {
            pack.append(.option("context", .file(root)))
            if copy.owner == nil { pack.append("\"$owners\"") }
            return
        }
        if whole.request.context != "." {
            pack.append(.option("context", whole.request.context))
        }
        if let file = whole.request.ignoreFile, !copy.sources.isEmpty {
            pack.append(.option("exclude-from", file))
        }
        if !copy.sources.isEmpty { pack += whole.request.outputOptions }
        let unpacks = instruction.boolean("unpack") ?? (instruction.keyword == .add)
        if unpacks, !copy.sources.isEmpty { pack.append("--unpack") }
        if !copy.addresses.isEmpty, instruction.boolean("unpack") ?? false {
            pack.append("--unpack-inline")
        }
    }

    private mutating func appendBase(_ copy: Copy, to pack: inout [ShellWord]) {
        let needsNames = copy.owner.map { !StageCompiler.isNumeric($0) } ?? false
        // The listing is there for the names alone when copies do without it.
        let isLink = copy.isLink || (needsNames && !usesBase)
        if isLink { pack.append("--link") }
        if !isLink || needsNames, let base = base(needsNames: needsNames) {
            pack.append(.option("base", base))
        }
        if let owner = copy.owner { pack.append(.option("chown", owner)) }
    }

    static func isNumeric(_ owner: String) -> Bool {
        owner.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ":") }
    }

    /// The history text, as BuildKit writes it.
    private func history(of instruction: Instruction, _ copy: Copy) -> String {
        var text = instruction.keyword.rawValue
        if instruction.boolean("parents") ?? false { text += " --parents" }
        if let owner = copy.owner { text += " --chown=\(owner)" }
        if let mode = copy.mode { text += " --chmod=\(mode)" }
        for source in copy.written { text += " \(source)" }
        for heredoc in copy.heredocs { text += " <<\(heredoc.name)" }
        return text + " \(copy.writtenDestination) # buildkit"
    }
}
