import Testing

@testable import ToolSupport

@Suite struct ArgumentsTests {
    @Test(arguments: [
        (["--author=", "x"], ["--author", "", "x"]), (["-u=", "--"], ["-u", "", "--"]),
        (["--author=a=", "a=", "=", "-=", "--="], ["--author=a=", "a=", "=", "-=", "--="]),
        (["--", "--author="], ["--", "--author="]), ([], []),
        (["--a=\u{301}", "--\u{301}=", "-"], ["--a=\u{301}", "--\u{301}", "", "-"]),
    ])
    func emptyValues(_ arguments: [String], _ expected: [String]) {
        #expect(Arguments.withEmptyValues(arguments) == expected)
    }

    @Test func valuesThatLookLikeOptions() {
        let message = "Missing value for '--grace <seconds>'"
        #expect(
            Arguments.advice(on: message, ["lay", "--grace", "-1"])
                == ", write --grace=-1 if that is the value")
        for arguments in [["--grace"], ["--grace", "1"], ["--gracef", "-1"], ["-1", "--grace"]] {
            #expect(Arguments.advice(on: message, arguments) == "")
        }
        #expect(Arguments.advice(on: "Unexpected argument", ["--grace", "-1"]) == "")
    }
}
