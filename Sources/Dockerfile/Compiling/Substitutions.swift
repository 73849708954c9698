/// What the substitutions of a Dockerfile have in common.
struct Substitutions {
    var budget = SubstitutionBudget()
    /// Names of variables that were not set where they were used.
    private(set) var unset: [(position: SourcePosition, name: String)] = []

    mutating func note(unset names: [String], at position: @autoclosure () -> SourcePosition) {
        if names.isEmpty { return }
        let position = position()
        unset += names.map { (position, $0) }
    }
}

extension Instruction {
    /// A word with its variables replaced.
    func expand(
        _ word: Word, _ variables: Variables, _ escape: Unicode.Scalar,
        _ substitutions: inout Substitutions
    ) throws(DockerfileError) -> String {
        let expansion = Expansion(escape: escape, variables: variables)
        do {
            let result = try expansion.expand(word.text, &substitutions.budget)
            substitutions.note(unset: result.unset, at: position(of: word))
            return result.text
        } catch {
            throw DockerfileError(position(of: word), .substitution(error))
        }
    }
}
