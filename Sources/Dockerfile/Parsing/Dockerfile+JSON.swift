import JSON

extension Dockerfile {
    /// The parse as JSON, one object for each directive and each instruction, in order.
    ///
    /// Nothing is substituted. `arguments` has the words as they are written, or the strings of a
    /// JSON array; `form` says which.
    public var documents: [JSONObject] {
        directives.map { directive in
            var object = JSONObject()
            object["line"] = .integer(directive.line)
            object["directive"] = .string(directive.name)
            object["value"] = .string(directive.value)
            return object
        } + instructions.map { $0.document(lastLine: $0.lastLine) }
    }
}

extension Instruction {
    /// - Parameter lastLine: nil for an instruction that ONBUILD defers.
    fileprivate func document(lastLine: Int?) -> JSONObject {
        var object = JSONObject()
        object["line"] = .integer(position.line)
        object["column"] = .integer(position.column)
        object["lastLine"] = lastLine.map { .integer($0) }
        object["instruction"] = .string(keyword.rawValue)
        if !flags.isEmpty {
            object["flags"] = .array(flags.map(\.document))
        }
        setArguments(&object)
        if !heredocs.isEmpty { object["heredocs"] = .array(heredocs.map(\.document)) }
        return object
    }

    private func setArguments(_ object: inout JSONObject) {
        func set(_ form: String, _ words: [Word]) {
            object["form"] = .string(form)
            object["arguments"] = .array(words.map { .string($0.text) })
        }
        switch arguments {
        case .none: set("words", [])
        case .json(let words): set("json", words)
        case .words(let words): set("words", words)
        case .text(let word): set("text", [word])
        case .pairs(let pairs):
            object["form"] = .string("pairs")
            object["arguments"] = .array(
                pairs.map { .array([.string($0.name.text), .string($0.value.text)]) })
        case .trigger(let triggers):
            object["form"] = .string("instruction")
            object["arguments"] = .array(triggers.map { .object($0.document(lastLine: nil)) })
        case .check(let kind, let command):
            switch command {
            case .none: set("words", [kind])
            case .json(let words): set("json", [kind] + words)
            case .shell(let line): set("text", [kind, line])
            }
        }
    }
}

extension Instruction.Flag {
    fileprivate var document: JSON {
        var object = JSONObject()
        object["name"] = .string(name)
        object["value"] = value.map { .string($0) } ?? .null
        return .object(object)
    }
}

extension Heredoc {
    fileprivate var document: JSON {
        var object = JSONObject()
        object["name"] = .string(name)
        object["expanded"] = .bool(isExpanded)
        object["dropsTabs"] = .bool(dropsTabs)
        object["content"] = .string(content)
        return .object(object)
    }
}
