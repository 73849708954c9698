import JSON

@testable import Dockerfile

@Sendable func checkDockerfile(_ input: [UInt8]) throws {
    guard let file = try outcome({ try parsed(input) }).value else { return }
    for document in file {
        let bytes = document.serialized()
        try expect(try JSON.parse(bytes) == .object(document), "an AST that is no JSON")
    }
    let text = text(input)
    let variables = Variables([(name: "A", value: text), (name: "B", value: "x y")])
    for escape: Unicode.Scalar in ["\\", "`"] {
        let expansion = Expansion(escape: escape, variables: variables)
        let whole = try outcome {
            var budget = SubstitutionBudget()
            return try expansion.expand(text, &budget).text
        }
        let words = try outcome {
            var budget = SubstitutionBudget()
            return try expansion.words(of: text, &budget)
        }
        try expect(whole.isRefused == words.isRefused, "refused as words or as a whole only")
        guard let words = words.value else { continue }
        try expect(!words.contains(""), "an empty word")
    }
}

private func parsed(_ bytes: [UInt8]) throws -> [JSONObject] { try Dockerfile(bytes).documents }
