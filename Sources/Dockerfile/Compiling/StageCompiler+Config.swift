import JSON
import OCI

extension StageCompiler {
    /// Whether RUN gets this argument without an ARG, and the history omits it.
    static func isProxy(_ name: String) -> Bool {
        let names = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"]
        return names.contains(name) || names.contains { $0.lowercased() == name }
    }

    /// The argument that is the time of the image.
    static let sourceDateName = "SOURCE_DATE_EPOCH"

    /// Whether `--build-arg` may set this argument although no ARG declares it.
    static func isPredefined(_ name: String) -> Bool {
        isProxy(name) || name.hasPrefix("BUILDKIT_") || name == sourceDateName
    }

    /// Compiles an instruction that changes the config and nothing else.
    mutating func compileConfig(_ instruction: Instruction) throws {
        switch (instruction.keyword, instruction.arguments) {
        case (.arg, .words(let words)): try compileArguments(words, instruction)
        case (.env, .pairs(let pairs)): try compileEnvironment(pairs, instruction)
        case (.label, .pairs(let pairs)): try compileLabels(pairs, instruction)
        case (.expose, .words(let words)): try compilePorts(words, instruction)
        case (.volume, .words(let words)), (.volume, .json(let words)):
            try compileVolumes(words, instruction)
        case (.cmd, let arguments):
            let words = state.words(arguments)
            state.cmd = words
            config.set("cmd", json(words))
            config.addHistory("CMD \(GoText.list(words))")
        case (.entrypoint, let arguments):
            let words = state.words(arguments)
            config.set("entrypoint", json(words))
            // Only an inherited cmd is cleared; oci-config does that itself.
            if let cmd = state.cmd { config.set("cmd", json(cmd)) } else { config.removeAll("cmd") }
            config.addHistory("ENTRYPOINT \(GoText.list(words))")
        case (.shell, .json(let words)):
            state.shell = words.map(\.text)
            config.set("shell", json(state.shell))
            config.addHistory("SHELL [\(state.shell.joined(separator: " "))]")
        case (.user, .text(let word)):
            state.user = try expand(word, of: instruction)
            // An empty name means no user, as in BuildKit.
            if state.user.isEmpty {
                config.removeAll("user")
                config.add("clear", "user")
            } else {
                config.set("user", state.user)
            }
            config.addHistory("USER \(state.user)")
        case (.stopsignal, .text(let word)):
            let signal = try expand(word, of: instruction)
            do throws(ValueError) {
                config.set("stop-signal", try StopSignal(signal).name)
            } catch {
                throw instruction.malformed("'\(signal)' is \(error.problem)", at: word)
            }
            config.addHistory("STOPSIGNAL \(signal)")
        case (.maintainer, .text(let word)):
            config.set("author", word.text)
            config.addHistory("MAINTAINER \(word.text)")
        case (.healthcheck, .check(let kind, let command)):
            try compileHealthcheck(kind, command, instruction)
        case (.onbuild, .trigger(let triggers)):
            for trigger in triggers {
                let text = trigger.expression(heredocs: instruction.heredocs)
                state.triggers.append(text)
                config.add("onbuild", text)
            }
        default: throw instruction.malformed("it takes other arguments")
        }
    }

    private func json(_ words: [String]) -> String {
        String(decoding: JSON.array(words.map { .string($0) }).serialized(), as: UTF8.self)
    }

    private mutating func compileArguments(_ words: [Word], _ instruction: Instruction) throws {
        var shown: [String] = []
        for word in words {
            let (name, defaultValue) = word.assignment
            // Triggers of a base are known only now.
            whole.stages.declare(word)
            var value: String?
            if let given = whole.request.buildArguments.last(where: { $0.key.isSame(as: name) }) {
                value = given.value
            } else if let defaultValue {
                value = try expand(defaultValue, of: instruction)
            } else {
                value = whole.stages.globals[name]
            }
            if let value {
                try spend(value.utf8.count, instruction.position(of: word))
                state.variables[name] = value
            }
            state.declare(name, value)
            shown.append(value.map { "\(name)=\($0)" } ?? name)
        }
        config.addHistory("ARG " + shown.joined(separator: " "))
    }

    private mutating func spend(
        _ count: Int, _ position: @autoclosure () -> SourcePosition
    ) throws(DockerfileError) {
        do {
            try whole.substitutions.budget.spend(count)
        } catch {
            throw DockerfileError(position(), .substitution(error))
        }
    }

    private mutating func compileEnvironment(
        _ pairs: [Instruction.Pair], _ instruction: Instruction
    ) throws {
        let expanded = try expand(pairs, instruction)
        for (name, value) in expanded {
            state.environment[name] = value
            state.variables[name] = value
            config.add("env", "\(name)=\(value)")
        }
        config.addHistory("ENV" + expanded.map { " \($0.name)=\($0.value)" }.joined())
    }

    private mutating func compileLabels(
        _ pairs: [Instruction.Pair], _ instruction: Instruction
    ) throws {
        let expanded = try expand(pairs, instruction)
        for (name, value) in expanded { config.add("label", "\(name)=\(value)") }
        config.addHistory("LABEL" + expanded.map { " \($0.name)=\($0.value)" }.joined())
    }

    /// Every value can use only variables that were set before the instruction.
    private mutating func expand(
        _ pairs: [Instruction.Pair], _ instruction: Instruction
    ) throws(DockerfileError) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        for pair in pairs {
            let name = try expand(pair.name, of: instruction)
            if name.isEmpty || name.utf8.contains(UInt8(ascii: "=")) {
                throw instruction.malformed("'\(pair.name.text)' stands for no name", at: pair.name)
            }
            result.append((name, try expand(pair.value, of: instruction)))
        }
        return result
    }

    private mutating func compilePorts(_ words: [Word], _ instruction: Instruction) throws {
        var shown: [String] = []
        for word in words.sorted(by: { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }) {
            let ports: [String]
            do throws(SubstitutionError) {
                ports = try Expansion(escape: escape, variables: state.variables)
                    .words(of: word.text, &whole.substitutions.budget)
            } catch {
                throw DockerfileError(instruction.position(of: word), .substitution(error))
            }
            for port in ports {
                do throws(ValueError) {
                    let binding = try PortBinding(port)
                    config.add("expose", binding.text)
                    let exposed = binding.exposed
                    shown += exposed.ports.map { "\($0)/\(exposed.networkProtocol)" }
                } catch {
                    throw instruction.malformed("'\(port)' is \(error.problem)", at: word)
                }
            }
        }
        config.addHistory("EXPOSE [\(shown.joined(separator: " "))]")
    }

    private mutating func compileVolumes(_ words: [Word], _ instruction: Instruction) throws {
        var volumes: [String] = []
        for word in words {
            let volume = String(try expand(word, of: instruction).unicodeScalars.trimmed)
            if volume.isEmpty {
                throw instruction.malformed("'\(word.text)' stands for no path", at: word)
            }
            volumes.append(volume)
            config.addVolume(volume)
        }
        config.addHistory("VOLUME [\(volumes.joined(separator: " "))]")
    }

    private mutating func compileHealthcheck(
        _ kind: Word, _ command: Instruction.Command, _ instruction: Instruction
    ) throws {
        var test: [String]
        switch command {
        case .none: test = ["NONE"]
        case .json(let words): test = ["CMD"] + words.map(\.text)
        case .shell(let word): test = ["CMD-SHELL", word.text]
        }
        var document = JSONObject()
        document["Test"] = .array(test.map { .string($0) })
        var shown = "{Test:[\(test.joined(separator: " "))]"
        for (flag, key) in [
            ("interval", "Interval"), ("timeout", "Timeout"), ("start-period", "StartPeriod"),
            ("start-interval", "StartInterval"),
        ] {
            let duration = test == ["NONE"] ? 0 : try instruction.duration(flag)
            if duration != 0 { document[JSONString(key)] = .integer(duration) }
            shown += " \(key):\(GoDuration.text(duration))"
        }
        let retries = test == ["NONE"] ? 0 : try instruction.retries()
        if retries != 0 { document["Retries"] = .integer(retries) }
        shown += " Retries:\(retries)}"
        config.removeAll("healthcheck")
        config.removeAll("no-healthcheck")
        if test == ["NONE"] {
            config.add("no-healthcheck", "")
        } else {
            config.add("healthcheck", String(decoding: document.serialized(), as: UTF8.self))
        }
        config.addHistory("HEALTHCHECK \(shown)")
    }
}

extension Instruction {
    /// A flag's time in nanoseconds; 0 without the flag.
    fileprivate func duration(_ name: String) throws(DockerfileError) -> Int64 {
        guard let flag = flag(name), let value = flag.value, !value.isEmpty else { return 0 }
        guard let duration = GoDuration.nanoseconds(value) else {
            throw malformed("'\(value)' is no time: it should be like 1m30s", at: flag)
        }
        guard duration == 0 || duration >= 1_000_000 else {
            throw malformed("'--\(name)' is less than 1ms", at: flag)
        }
        return duration
    }

    fileprivate func retries() throws(DockerfileError) -> Int32 {
        guard let flag = flag("retries"), let value = flag.value, !value.isEmpty else { return 0 }
        guard let retries = Int32(value), retries >= 0 else {
            throw malformed("'\(value)' is no number of retries", at: flag)
        }
        return retries
    }

    /// The instruction that ONBUILD defers, with its heredocs, as a config stores it.
    func expression(heredocs: [Heredoc]) -> String {
        var text = String(line.scalars[offset...])
        for heredoc in heredocs { text += "\n\(heredoc.content)\(heredoc.name)" }
        return text
    }
}
