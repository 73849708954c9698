/// A change of permissions in the syntax of chmod(1): octal, or clauses such as `u=rwX,go=rX`.
///
/// The umask is ignored: a clause without `u`, `g`, `o` or `a` applies to all.
///
/// - Spec: POSIX.1-2017, chmod, "Extended Description".
public struct ModeChange: Sendable {
    private enum Operation: UInt8 {
        case add = 0x2B
        case remove = 0x2D
        case set = 0x3D
    }

    private struct Step {
        /// The classes user, group and others, as the bits 0o700, 0o070 and 0o007.
        let who: UInt32
        let operation: Operation
        /// Bits for user, group and others; `who` selects among them.
        let permissions: UInt32
        /// `X`: execute permission for directories, and for files that have it for some class.
        let hasConditionalExecution: Bool
        /// The class whose bits are copied, as a shift; nil for none.
        let copiedShift: UInt32?
    }

    /// The steps of the clauses; nil when the mode is replaced as a whole.
    private let steps: [Step]?
    private let mode: UInt32

    /// - Returns: nil when the text is neither an octal number up to 07777 nor valid clauses.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        if let first = bytes.first, (0x30...0x39).contains(first) {
            guard let mode = UInt32(text, radix: 8), mode <= 0o7777 else { return nil }
            self.mode = mode
            steps = nil
            return
        }
        var steps: [Step] = []
        for clause in bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            guard let parsed = ModeChange.steps(of: clause) else { return nil }
            steps += parsed
        }
        self.steps = steps
        mode = 0
    }

    /// Whether the new mode depends on the old one.
    public var isRelative: Bool { steps != nil }

    /// The new mode of a file with `original`.
    public func apply(to original: UInt32, isDirectory: Bool) -> UInt32 {
        guard let steps else { return mode }
        var mode = original
        for step in steps {
            var permissions = step.permissions
            // Whatever the clauses before this one did.
            if step.hasConditionalExecution, isDirectory || original & 0o111 != 0 {
                permissions |= 0o111
            }
            if let shift = step.copiedShift {
                let digit = mode >> shift & 7
                permissions |= digit << 6 | digit << 3 | digit
            }
            let special: UInt32 =
                (step.who & 0o700 != 0 ? 0o4000 : 0) | (step.who & 0o070 != 0 ? 0o2000 : 0)
                | (step.who == 0o777 ? 0o1000 : 0)
            let bits = permissions & (step.who | special)
            switch step.operation {
            case .add: mode |= bits
            case .remove: mode &= ~bits
            case .set: mode = mode & ~(step.who | special) | bits
            }
        }
        return mode
    }

    /// `[ugoa]*([-+=]([rwxXst]*|[ugo]))+`
    private static func steps(of clause: ArraySlice<UInt8>) -> [Step]? {
        var rest = clause
        var who: UInt32 = 0
        while let byte = rest.first, let bits = places[byte] {
            who |= bits
            rest = rest.dropFirst()
        }
        if who == 0 { who = 0o777 }
        var steps: [Step] = []
        while let byte = rest.popFirst() {
            guard let operation = Operation(rawValue: byte) else { return nil }
            var permissions: UInt32 = 0
            var isConditional = false
            var copiedShift: UInt32?
            while let byte = rest.first, Operation(rawValue: byte) == nil {
                switch byte {
                case UInt8(ascii: "r"): permissions |= 0o444
                case UInt8(ascii: "w"): permissions |= 0o222
                case UInt8(ascii: "x"): permissions |= 0o111
                case UInt8(ascii: "X"): isConditional = true
                case UInt8(ascii: "s"): permissions |= 0o6000
                case UInt8(ascii: "t"): permissions |= 0o1000
                case UInt8(ascii: "u"), UInt8(ascii: "g"), UInt8(ascii: "o"):
                    guard copiedShift == nil, permissions == 0, !isConditional else { return nil }
                    copiedShift =
                        byte == UInt8(ascii: "u") ? 6 : byte == UInt8(ascii: "g") ? 3 : 0
                default: return nil
                }
                if copiedShift != nil, ![0x75, 0x67, 0x6F].contains(byte) { return nil }
                rest = rest.dropFirst()
            }
            steps.append(
                Step(
                    who: who, operation: operation, permissions: permissions,
                    hasConditionalExecution: isConditional, copiedShift: copiedShift))
        }
        return steps.isEmpty ? nil : steps
    }

    private static let places: [UInt8: UInt32] = [
        UInt8(ascii: "u"): 0o700, UInt8(ascii: "g"): 0o070, UInt8(ascii: "o"): 0o007,
        UInt8(ascii: "a"): 0o777,
    ]
}
