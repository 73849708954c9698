import Testing

@testable import FilterTools
@testable import ToolSupport

@Suite struct JoinableNamesTests {
    @Test func optionsHaveTheirPropertysName() {
        var names: Set<String> = []
        for tool in filterTools {
            let help = tool.helpMessage(includeHidden: true, columns: 1000)
            for name in JoinableNames(of: tool).options {
                #expect(help.contains("\(name) <"), "\(tool.toolName) \(name)")
                names.insert(name)
            }
        }
        let some = ["--env", "--unset-env", "--label", "--annotation", "--exclude", "--whiteout"]
        #expect(names.isSuperset(of: some))
    }

    @Test func listsOfOperandsAreFound() {
        #expect(JoinableNames(of: TarTool.self).hasOperands)
        #expect(JoinableNames(of: ManifestAppendTool.self).hasOperands)
        #expect(!JoinableNames(of: UntarTool.self).hasOperands)
    }
}
