/// One challenge of a `WWW-Authenticate` header.
///
/// - Spec: RFC 9110, section 11.6.1; RFC 6750, section 3.
struct Challenge: Hashable, Sendable {
    /// Scheme in lower case.
    let scheme: String
    /// Names in lower case; of duplicate names, the first counts.
    var parameters: [String: String] = [:]

    /// All challenges of all the headers, in order. Other text is skipped.
    static func parse(_ values: [String]) -> [Challenge] {
        values.flatMap { value -> [Challenge] in
            var challenges: [Challenge] = []
            var scanner = HeaderScanner(value)
            while true {
                scanner.skipListSeparators()
                if scanner.isAtEnd { return challenges }
                if let last = challenges.indices.last, let parameter = scanner.parameter() {
                    challenges[last].add(parameter)
                } else if let challenge = begin(&scanner) {
                    challenges.append(challenge)
                } else {
                    scanner.position += 1
                }
            }
        }
    }

    /// A scheme, and the text up to the first comma.
    private static func begin(_ scanner: inout HeaderScanner) -> Challenge? {
        let scheme = scanner.token()
        if scheme.isEmpty { return nil }
        var challenge = Challenge(scheme: scheme.lowercased())
        scanner.skipSpace()
        let start = scanner.position
        _ = scanner.token68()
        scanner.skipSpace()
        let isToken68 = scanner.isAtEnd || scanner.next == UInt8(ascii: ",")
        if !isToken68 {
            scanner.position = start
            if let parameter = scanner.parameter() { challenge.add(parameter) }
        }
        return challenge
    }

    private mutating func add(_ parameter: (name: String, value: String)) {
        if parameters[parameter.name] == nil { parameters[parameter.name] = parameter.value }
    }
}

/// A token's scope: actions on one repository.
///
/// - Spec: Docker registry token authentication, Requesting a token.
struct Scope: Hashable, Sendable, Comparable {
    /// Actions of a scope, in the order in which requests name them.
    enum Action: String, CaseIterable {
        case pull
        case push
        case delete
    }

    let repository: String
    let actions: Set<Action>

    static func pull(_ repository: String) -> Scope {
        Scope(repository: repository, actions: [.pull])
    }

    static func push(_ repository: String) -> Scope {
        Scope(repository: repository, actions: [.pull, .push])
    }

    static func delete(_ repository: String) -> Scope {
        Scope(repository: repository, actions: [.pull, .delete])
    }

    var text: String {
        let names = Action.allCases.filter { actions.contains($0) }.map(\.rawValue)
        return "repository:\(repository):\(names.joined(separator: ","))"
    }

    func covers(_ other: Scope) -> Bool {
        repository == other.repository && other.actions.isSubset(of: actions)
    }

    static func < (left: Scope, right: Scope) -> Bool { left.text < right.text }
}
