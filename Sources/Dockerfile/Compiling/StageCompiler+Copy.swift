import JSON
import OCI
import Tar

/// A COPY or ADD with its variables replaced.
private struct Copy {
    /// Paths and addresses in their order, as the history has them.
    var written: [String] = []
    /// The paths.
    var sources: [String] = []
    var addresses: [Address] = []
    /// They are copied after all other sources, as in BuildKit.
    var heredocs: [Heredoc] = []

    struct Address {
        let url: String
        /// The number of paths before it.
        let place: Int
    }
    /// Absolute, with a slash at its end when it is a directory.
    var destination: String
    /// With its variables replaced, as the history has it.
    var writtenDestination: String
    var owner: String?
    var mode: String?
    var isLink: Bool
    /// Where `COPY --from` copies from; nil for the context.
    var root: String?
}

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
                throw DockerfileError(
                    instruction.position(of: flag),
                    .malformed(
                        instruction.keyword,
                        "'\(text)' is no mode: it is octal, at most 7777, or as in 'u=rwX,go=rX'"))
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
                throw DockerfileError(
                    instruction.position(of: word),
                    .malformed(instruction.keyword, "'\(word.text)' stands for no path"))
            }
            if StageCompiler.isRepository(source) {
                throw DockerfileError(
                    instruction.position(of: word),
                    .unsupported("\(instruction.keyword.rawValue) of a git repository"))
            }
            if StageCompiler.isAddress(source) {
                guard isAdd else {
                    throw DockerfileError(
                        instruction.position(of: word),
                        .malformed(.copy, "a source cannot be a URL; write ADD"))
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
            throw DockerfileError(
                instruction.position(of: flag),
                .malformed(instruction.keyword, "'--checksum' is of one source, an http(s) URL"))
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
            throw DockerfileError(
                instruction.position(of: flag),
                .malformed(
                    instruction.keyword,
                    "variable expansion is not supported in '--from'; give a stage that name with "
                        + "FROM"))
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

    // MARK: files that the script creates

    /// Creates files of heredocs and of addresses, in a directory for each place among the paths.
    private mutating func appendInline(
        _ copy: Copy, _ instruction: Instruction, _ name: String, to pack: inout [ShellWord]
    ) throws {
        var last: String?
        for address in copy.addresses {
            let directory = "\(name).inline.\(address.place)"
            if directory != last {
                script.pipeline([["mkdir", .file(directory)]])
                pack.append(
                    ShellWord(code: "--inline=\(address.place):" + ShellWord.file(directory).text))
                last = directory
            }
            try download(address.url, instruction, to: .file(directory))
        }
        if copy.heredocs.isEmpty { return }
        let directory = ShellWord.file(name + ".inline")
        script.pipeline([["mkdir", directory]])
        for heredoc in copy.heredocs { try write(heredoc, instruction, to: directory) }
        pack.append(.option("inline", directory))
    }

    private mutating func write(
        _ heredoc: Heredoc, _ instruction: Instruction, to directory: ShellWord
    ) throws {
        let file = heredoc.name
        guard file != ".", file != "..", !file.utf8.contains(UInt8(ascii: "/")) else {
            throw instruction.malformed("'\(file)' is no name of a file")
        }
        var content = heredoc.text
        if heredoc.isExpanded {
            var expansion = Expansion(escape: "\\", variables: state.variables)
            expansion.ignoresQuotes = true
            do throws(SubstitutionError) {
                content = try expansion.expand(content, &whole.substitutions.budget).text
            } catch {
                let line = heredoc.line + StageCompiler.line(ofErrorIn: content, expansion)
                throw DockerfileError(
                    SourcePosition(line: line, column: 1), .substitution(error))
            }
        }
        script.file(directory / file, content: content)
    }

    /// The number of lines of a heredoc before the one whose substitution fails.
    private static func line(ofErrorIn content: String, _ expansion: Expansion) -> Int {
        var budget = SubstitutionBudget()
        let lines = content.unicodeScalars.split(
            separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            do {
                _ = try expansion.expand(String(line), &budget)
            } catch {
                return index
            }
        }
        return 0
    }

    private mutating func download(
        _ address: String, _ instruction: Instruction, to directory: ShellWord
    ) throws {
        let file = directory / StageCompiler.fileName(of: address)
        let protocols: ShellWord = address.hasPrefix("https") ? "=https" : "=http,https"
        script.pipeline([
            [
                "curl", "--fail", "--silent", "--show-error", "--location", "--globoff",
                "--proto", protocols, "--proto-redir", protocols, "--output", file,
                "--url", ShellWord(quoting: address), "||", "fail", "69",
            ]
        ])
        script.pipeline([["chmod", "600", file]])
        guard let flag = instruction.flag("checksum"), let value = flag.value else { return }
        let digest = try expand(Word(value, at: flag.offset), of: instruction)
        guard digest.hasPrefix("sha256:"), digest.utf8.count == 71,
            digest.utf8.dropFirst(7).allSatisfy(\.isSmallHexadecimal)
        else {
            throw DockerfileError(
                instruction.position(of: flag),
                .malformed(.add, "'\(digest)' is no digest like sha256:0123…"))
        }
        script.code("sha256sum <\(file.text) | grep -qx '\(digest.dropFirst(7))  -' || {")
        script.code("\techo \(ShellWord(quoting: "checksum mismatch for \(address)").text) >&2")
        script.code("\tfail 65")
        script.code("}")
    }

    /// The last component of a URL's path, unescaped.
    private static func fileName(of address: String) -> String {
        let noFragment = address.split(separator: "#", omittingEmptySubsequences: false)[0]
        let noQuery = noFragment.split(separator: "?", omittingEmptySubsequences: false)[0]
        var bytes: [UInt8] = []
        var rest = Array(noQuery.split(separator: "/").dropFirst(2).joined(separator: "/").utf8)[
            ...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        let last = bytes.split(separator: UInt8(ascii: "/")).last ?? []
        let name = String(decoding: last, as: UTF8.self)
        let isName = !name.isEmpty && !name.utf8.contains { $0 < 0x20 || $0 == 0x7F }
        return isName && name != "." && name != ".." ? name : "__unnamed__"
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

extension ShellWord {
    /// A file with a name of unknown origin, in a directory of the script.
    static func / (directory: ShellWord, name: String) -> ShellWord {
        ShellWord(joining: directory, name)
    }
}
