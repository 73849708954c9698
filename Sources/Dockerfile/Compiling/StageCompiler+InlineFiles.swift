/// Files of COPY and ADD that the script creates.
extension StageCompiler {
    /// Creates files of heredocs and of addresses, in a directory for each place among the paths.
    mutating func appendInline(
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
            throw instruction.malformed("'\(digest)' is no digest like sha256:0123…", at: flag)
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
}
