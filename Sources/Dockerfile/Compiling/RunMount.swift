import JSON
import OCI

/// The value of `RUN --mount`.
///
/// - Spec: Dockerfile reference, "RUN --mount".
struct RunMount {
    enum Kind: String, CaseIterable {
        case bind
        case cache
        case tmpfs
        case secret
        case ssh
    }

    var kind = Kind.bind
    var from: String?
    var source: String?
    var target: String?
    var id: String?
    /// nil means the default of the kind of mount.
    var isReadOnly: Bool?
    var isRequired = false
    var size: Int64?
    var mode: UInt32?
    var uid: UInt32?
    var gid: UInt32?
    var sharing: String?
    /// The variable that has the secret; then it is a file only if `target` says where.
    var variable: String?

    /// All fields as one text, for the key of a step; a comma in a value is doubled.
    func text(target: String) -> String {
        let fields: [(String, String?)] = [
            ("type", kind.rawValue), ("target", target), ("source", source), ("id", id),
            ("readonly", isReadOnly.map { "\($0)" }), ("size", size.map { "\($0)" }),
            ("mode", mode.map { String($0, radix: 8) }), ("uid", uid.map { "\($0)" }),
            ("gid", gid.map { "\($0)" }), ("env", variable),
        ]
        return fields.compactMap { name, value in
            value.map {
                "\(name)="
                    + $0.split(separator: ",", omittingEmptySubsequences: false)
                    .joined(separator: ",,")
            }
        }.joined(separator: ",")
    }

    /// - Parameters:
    ///   - fields: `key=value` or `key`, from between the commas.
    ///   - expand: replaces variables; `from` has none.
    /// - Throws: `ValueError` for a field that is unsupported or contradicts others.
    init(
        _ text: String, expand: (String) throws(DockerfileError) -> String
    ) throws {
        for field in RunMount.fields(text) {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let key = parts[0].lowercased()
            let value = parts.count == 2 ? String(parts[1]) : nil
            if key == "from" {
                guard let value, !value.unicodeScalars.contains("$") else {
                    throw ValueError("'from' has no variable; give a stage that name with FROM")
                }
                // Without a value it is the context, as in BuildKit.
                from = value.isEmpty ? nil : value
            } else {
                try set(key, try value.map(expand))
            }
        }
        try check()
    }

    private mutating func set(_ key: String, _ value: String?) throws(ValueError) {
        if let value, value.unicodeScalars.contains("\n") {
            throw ValueError("a newline in '\(key)'")
        }
        switch key {
        case "type":
            guard let kind = value.flatMap({ Kind(rawValue: $0.lowercased()) }) else {
                throw ValueError("unknown type '\(value ?? "")'")
            }
            self.kind = kind
        case "source", "src": source = try needed(value, key)
        case "target", "dst", "destination": target = try needed(value, key)
        case "id": id = try needed(value, key)
        case "readonly", "ro": isReadOnly = try flag(value, key)
        case "readwrite", "rw": isReadOnly = try !flag(value, key)
        case "required": isRequired = try flag(value, key)
        case "sharing": sharing = try needed(value, key)
        case "size": size = try byteCount(try needed(value, key))
        case "mode": mode = try number(value, key, radix: 8)
        case "uid": uid = try number(value, key, radix: 10)
        case "gid": gid = try number(value, key, radix: 10)
        case "env": variable = try name(of: try needed(value, key))
        default: throw ValueError("unknown key '\(key)'")
        }
    }

    private func needed(_ value: String?, _ key: String) throws(ValueError) -> String {
        guard let value else { throw ValueError("'\(key)' needs a value") }
        return value
    }

    /// A name that shells can export.
    private func name(of variable: String) throws(ValueError) -> String {
        let bytes = variable.utf8
        let isName = bytes.allSatisfy { $0 == UInt8(ascii: "_") || $0.isAlphanumeric }
        guard isName, let first = bytes.first, !first.isDigit else {
            throw ValueError("'\(variable)' is no name of a variable")
        }
        return variable
    }

    private func flag(_ value: String?, _ key: String) throws(ValueError) -> Bool {
        switch value?.lowercased() {
        case nil, "true", "1", "t": return true
        case "false", "0", "f": return false
        default: throw ValueError("'\(key)' is neither true nor false")
        }
    }

    private func number(
        _ value: String?, _ key: String, radix: Int
    ) throws(ValueError) -> UInt32 {
        guard let number = UInt32(try needed(value, key), radix: radix) else {
            throw ValueError("'\(key)' is no number")
        }
        return number
    }

    /// `64m`, with the units k, m and g of 1024.
    private func byteCount(_ text: String) throws(ValueError) -> Int64 {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let shifts = ["": 0, "b": 0, "k": 10, "kb": 10, "m": 20, "mb": 20, "g": 30, "gb": 30]
        guard let number = Int64(digits), number < 1 << 32,
            let shift = shifts[text.dropFirst(digits.count).lowercased()]
        else { throw ValueError("'size' is no number of bytes like 64m") }
        return number << Int64(shift)
    }

    private func check() throws(ValueError) {
        if let sharing {
            guard kind == .cache, ["shared", "private", "locked"].contains(sharing.lowercased())
            else {
                throw ValueError("'sharing' is of a cache: shared, private or locked")
            }
        }
        if size != nil, kind != .tmpfs { throw ValueError("'size' is of a tmpfs") }
        if variable != nil, kind != .secret { throw ValueError("'env' is of a secret") }
        if isRequired, kind != .secret, kind != .ssh {
            throw ValueError("'required' is of a secret or ssh")
        }
        if mode != nil || uid != nil || gid != nil, kind == .ssh {
            throw ValueError(
                "'mode', 'uid' and 'gid' of ssh are not supported: the socket is the agent's own")
        }
        if mode != nil || uid != nil || gid != nil, kind == .bind || kind == .tmpfs {
            throw ValueError("'mode', 'uid' and 'gid' have no meaning for type \(kind.rawValue)")
        }
        switch kind {
        case .bind, .cache, .tmpfs:
            if kind == .cache, source != nil, from == nil {
                throw ValueError("'source' of a cache needs 'from'")
            }
        case .secret:
            if from != nil { throw ValueError("a secret has no 'from'") }
            if source == nil, target == nil, id == nil { throw ValueError("'id' is missing") }
        case .ssh:
            if from != nil || source != nil {
                throw ValueError("ssh has no 'from' and no 'source'")
            }
        }
    }

    /// The value of `from` in a mount that may be malformed.
    static func source(in text: String) -> String? {
        fields(text).last { $0.lowercased().hasPrefix("from=") }
            .map { String($0.dropFirst("from=".count)) }
    }

    /// Fields between commas; one in double quotes may have commas, and `""` is a quote in it.
    private static func fields(_ text: String) -> [String] {
        var fields: [Scalars] = [[]]
        var isQuoted = false
        let scalars = Array(text.unicodeScalars)
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            index += 1
            if scalar == "\"" {
                if isQuoted, index < scalars.count, scalars[index] == "\"" {
                    fields[fields.count - 1].append(scalar)
                    index += 1
                } else {
                    isQuoted.toggle()
                }
            } else if scalar == ",", !isQuoted {
                fields.append([])
            } else {
                fields[fields.count - 1].append(scalar)
            }
        }
        return fields.map { String($0) }.filter { !$0.isEmpty }
    }
}
