import ArgumentParser
import Testing

@testable import ToolSupport

@Suite struct JoinedArgumentsTests {
    private struct Group: ParsableArguments {
        @Option(transform: Values.each(ArgumentText.nonemptyText)) var unsetEnv: [Values<String>] =
            []
        @Option(name: .customLong("renamed")) var other: [Values<String>] = []
    }

    private struct Command: ParsableArguments {
        @Argument var paths: [Values<String>] = []
        @Option var label: [Values<String>] = []
        @Option var plain: [String] = []
        @Option var user: String?
        @Flag(name: .shortAndLong) var quiet = false
        @OptionGroup var group: Group

        var lists: [[String]] {
            [
                paths.flattened(), label.flattened(), plain, group.unsetEnv.flattened(),
                group.other.flattened(), [user ?? "", String(quiet)],
            ]
        }
    }

    private func joined(_ arguments: [String]) throws -> [String] {
        try JoinedArguments(arguments, for: Command.self).arguments
    }

    /// So many arguments that they are joined: the given ones, 40 times.
    private func many(_ arguments: [String]) -> [String] {
        (0..<40).flatMap { round in arguments.map { $0.replacing("N", with: String(round)) } }
    }

    @Test(arguments: [
        ["aN", "", "=", "bN"], ["--label", "N=1", "--label=N", "--label", "", "--unset-env=-N"],
        ["--label", "-", "-", "aN", "-", "-"], ["--quiet", "aN", "bN", "cN"],
        ["-q", "--user", "N", "bN", "cN"], ["--plain", "N", "aN", "bN", "--plain=N", "c"],
        ["--renamed", "N", "aN", "--label", "x=N", "bN"],
        ["\u{301}N", "-\u{301}", "--label", "\u{301}"],
        ["aN", "--label", "x", "--label=N", "bN"], ["--label=N=\u{301}", "x", "y"],
        ["a", "--user=N", "bN"],
    ])
    func joiningKeepsTheMeaning(_ arguments: [String]) throws {
        let all = many(arguments)
        let joined = try joined(all)
        #expect(joined.count < all.count)
        #expect(try Command.parse(joined).lists == Command.parse(all).lists)
    }

    @Test func operandsMayLookLikeOptionsBehindTheirMark() throws {
        let all = ["--label", "x", "a", "--"] + many(["--label", "-N", "--"])
        #expect(try joined(all).count == 4)
        #expect(try Command.parse(joined(all)).lists == Command.parse(all).lists)
    }

    @Test func fewArgumentsStayAsTheyAre() throws {
        let arguments = Array(repeating: "a", count: JoinedArguments.unjoinedCount)
        #expect(try joined(arguments) == arguments)
    }

    @Test(arguments: [["--label"], ["--label", "--label"], ["---label"], ["--labels", "x"]])
    func whatIsWrongStaysWrong(_ end: [String]) throws {
        let all = many(["a", "--label=N", "b"]) + end
        let one = #expect(throws: (any Error).self) { try Command.parse(all) }
        let other = #expect(throws: (any Error).self) { try Command.parse(joined(all)) }
        #expect(try Command.message(for: #require(other)) == Command.message(for: #require(one)))
    }

    @Test func theRefusedValueIsNamed() throws {
        let all = many(["--unset-env", "N", "' is invalid for '"]) + ["--unset-env", "", "x"]
        let before = many(["--unset-env=N"]) + ["--unset-env", "", "x"] + many(["--unset-env=N"])
        for arguments in [all, before, many(["--unset-env=N\u{10FE80}"])] {
            let one = #expect(throws: (any Error).self) { try Command.parse(arguments) }
            let other = #expect(throws: (any Error).self) { try Command.parse(joined(arguments)) }
            #expect(
                try RefusedValue.message(parserMessage: Command.message(for: #require(other)))
                    == Command.message(for: #require(one)))
        }
    }

    @Test func tooManyOfOtherKindsAreRefused() throws {
        #expect(throws: UsageError.self) { try joined(Array(repeating: "-q", count: 2001)) }
        #expect(throws: UsageError.self) { try joined(Array(repeating: "--user=x", count: 2001)) }
        #expect(try joined(Array(repeating: "x", count: 10_000)).count == 1)
    }
}
