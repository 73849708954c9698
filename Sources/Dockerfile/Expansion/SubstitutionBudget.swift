/// The work that substitution may still do in one Dockerfile.
///
/// Values of variables can have variables, so a file of a few lines could ask for any number of bytes.
struct SubstitutionBudget {
    /// The characters that all substitutions of a Dockerfile may read from values, compare with
    /// patterns and put in place of matches.
    static let limit = 16 << 20

    private(set) var rest = limit

    /// - Throws: `SubstitutionError.tooMuch` when less is left.
    mutating func spend(_ count: Int) throws(SubstitutionError) {
        guard count <= rest else { throw .tooMuch }
        rest -= count
    }
}
