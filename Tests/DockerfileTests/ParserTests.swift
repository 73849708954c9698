import JSON
import Testing

@testable import Dockerfile

private func parse(_ text: String) throws(DockerfileError) -> Dockerfile {
    try Dockerfile(Array(text.utf8))
}

/// The instructions as `--ast` prints them, without positions, or the error's text.
private func tree(_ text: String) -> [String] {
    do {
        return try parse(text).documents.map { document in
            var document = document
            for key: JSONString in ["line", "column", "lastLine"] { document[key] = nil }
            return String(decoding: document.serialized(), as: UTF8.self)
        }
    } catch {
        return [error.text]
    }
}

private func problem(_ text: String) -> String? {
    do {
        _ = try parse(text)
        return nil
    } catch {
        return error.text
    }
}

/// Arguments of the instructions, whatever their form.
private func arguments(_ text: String) throws -> [[String]] {
    try parse(text).instructions.map { instruction in
        switch instruction.arguments {
        case .none: []
        case .json(let words), .words(let words): words.map(\.text)
        case .text(let word): [word.text]
        case .pairs(let pairs): pairs.map { "\($0.name.text)=\($0.value.text)" }
        case .trigger(let triggers): triggers.map(\.keyword.rawValue)
        case .check(let kind, .json(let words)): [kind.text] + words.map(\.text)
        case .check(let kind, .shell(let word)): [kind.text, word.text]
        case .check(let kind, .none): [kind.text]
        }
    }
}

@Suite struct ParserTests {
    @Test func theFormOfEachInstruction() {
        #expect(
            tree(
                """
                FROM --platform=linux/amd64 alpine:3 AS base
                ENV A=1 B="two words"
                ENV OLD the rest = here
                COPY --chown=a:b ["a b", "/d/"]
                EXPOSE 80 443/udp
                HEALTHCHECK --interval=5s CMD curl -f http://localhost/
                ONBUILD RUN make
                CMD ["sh", "-c", "true"]
                """) == [
                    #"{"instruction":"FROM","flags":[{"name":"platform","value":"linux/amd64"}],"form":"words","arguments":["alpine:3","AS","base"]}"#,
                    #"{"instruction":"ENV","form":"pairs","arguments":[["A","1"],["B","\"two words\""]]}"#,
                    #"{"instruction":"ENV","form":"pairs","arguments":[["OLD","the rest = here"]]}"#,
                    #"{"instruction":"COPY","flags":[{"name":"chown","value":"a:b"}],"form":"json","arguments":["a b","/d/"]}"#,
                    #"{"instruction":"EXPOSE","form":"words","arguments":["80","443/udp"]}"#,
                    #"{"instruction":"HEALTHCHECK","flags":[{"name":"interval","value":"5s"}],"form":"text","arguments":["CMD","curl -f http://localhost/"]}"#,
                    #"{"instruction":"ONBUILD","form":"instruction","arguments":[{"line":7,"column":9,"instruction":"RUN","form":"text","arguments":["make"]}]}"#,
                    #"{"instruction":"CMD","form":"json","arguments":["sh","-c","true"]}"#,
                ])
    }

    @Test func linesAreJoined() throws {
        let cases: [(String, String)] = [
            ("RUN a \\\n  b", "a   b"), ("RUN a\\\nb", "ab"), ("RUN a \\  \t\n b", "a  b"),
            ("RUN a \\\n# a comment\n  # another\nb", "a b"), ("RUN a \\\n\n \nb", "a b"),
            ("RUN a \\\\\n", "a \\\\"), ("RUN a\\", "a"), ("\\\nRUN a", "a"),
            ("RUN a \\\r\n b\r\n", "a  b"), ("  \t RUN a", "a"), ("RUN a # b", "a # b"),
            ("RUN\ta", "a"), ("RUN \u{0B}\u{0C} a", "a"), ("run a", "a"), ("rUn a", "a"),
            ("RUN a \\\n#", "a"),
        ]
        for (text, expected) in cases {
            #expect(try arguments(text) == [[expected]], "\(text.debugDescription)")
        }
        #expect(try parse("RUN a \\\n\n b").emptyContinuations == [2])
    }

    @Test func directives() throws {
        let file = try parse("# syntax=docker/dockerfile:1\n#ESCAPE = `\nRUN a `\nb\\\n")
        #expect(file.directives.map(\.name) == ["syntax", "escape"])
        #expect(file.escape == "`")
        #expect(try arguments("# escape=`\nRUN a `\nb\\\n") == [["a b\\"]])
        // Anything else ends the search: a blank line, a comment, an unknown key, an instruction.
        for first in ["\n", "# a comment\n", "# other=x\n", "ARG A\n", "#escape\n"] {
            #expect(try parse(first + "# escape=`\nRUN a").escape == "\\", "\(first)")
        }
        #expect(try parse("#!/usr/bin/x\n# check=skip=all;error=true\nRUN a").directives.count == 1)
        #expect(try parse("\u{FEFF}# escape=`\nRUN a").escape == "`")
        #expect(
            problem("# escape=x\nRUN a") == "1:1: the escape character 'x' is neither '\\' nor '`'")
        #expect(problem("# syntax=a\n# Syntax=b\nRUN a") == "2:1: directive 'syntax' a second time")
    }

    @Test func commentsMayHaveAnyBytes() throws {
        let file = try Dockerfile(
            Array("# Jos".utf8) + [0xE9, 0x0A] + Array("RUN a \\\n  # ".utf8) + [0xE9, 0, 0x0A]
                + Array("b\n".utf8))
        #expect(file.instructions.count == 1)
        #expect(file.instructions[0].line.text == "RUN a b")
        #expect(throws: DockerfileError.self) { try Dockerfile(Array("RUN ".utf8) + [0xE9]) }
        #expect(
            problem("ENV A=1 \\\n  B=2 \\\n  foo") == "3:3: ENV: no '=' in 'foo'; write name=value")
    }

    @Test func flags() throws {
        let file = try parse(#"COPY --from="a b" --link --exclude=a --exclude=b\ c -- --x /d"#)
        let copy = file.instructions[0]
        #expect(copy.flags.map(\.name) == ["from", "link", "exclude", "exclude"])
        #expect(copy.flags.map(\.value) == ["a b", nil, "a", "b c"])
        #expect(try arguments("COPY --link -- --x /d") == [["--x", "/d"]])
        #expect(try arguments("COPY -x /d") == [["-x", "/d"]])
        #expect(try parse("COPY --link=False a b").instructions[0].boolean("link") == false)
        #expect(
            problem("COPY --form=a b c")
                == "1:6: unknown flag '--form' of COPY, did you mean '--from'?")
        #expect(problem("COPY --from=a --from=b c d") == "1:15: flag '--from' a second time")
        #expect(problem("COPY --from a b") == "1:6: flag '--from' needs a value")
        #expect(problem("COPY --link=1 a b") == "1:6: '1' of '--link' is neither true nor false")
        #expect(problem("ENV --a=b c=d") == "1:5: unknown flag '--a' of ENV")
    }

    @Test func jsonOrNot() throws {
        #expect(try arguments("CMD [ \"a\" , \"\\u0041\\n\" ]") == [["a", "A\n"]])
        #expect(try arguments("CMD []") == [[]])
        #expect(tree("CMD []") == [#"{"instruction":"CMD","form":"json","arguments":[]}"#])
        // What is not JSON is a line for the shell.
        for text in ["['a']", "[\"a\", ]", "[\"a\"] b", "[ -f x ]", "[\"a\"", "{\"a\":1}"] {
            #expect(try arguments("CMD \(text)") == [[text]])
        }
        #expect(
            problem("CMD [\"a\", 1]")
                == "1:5: CMD: a number in the array, where only strings may be")
        #expect(try arguments("COPY ['a', 'b']") == [["['a',", "'b']"]])
        #expect(try arguments("VOLUME /a /b") == [["/a", "/b"]])
    }

    @Test func environments() throws {
        #expect(
            try arguments(#"ENV a=b\ c d='e f' g="h=i" j="#) == [
                ["a=b\\ c", "d='e f'", "g=\"h=i\"", "j="]
            ])
        #expect(try arguments("ENV a  b c ") == [["a=b c"]])
        #expect(try arguments("LABEL a \"b c\"") == [["a=\"b c\""]])
        #expect(problem("ENV a") == "1:5: ENV: 'a' has no value; write name=value")
        #expect(problem("ENV a=b c") == "1:9: ENV: no '=' in 'c'; write name=value")
        #expect(problem("ENV =b") == "1:5: ENV: nothing before the '=' of '=b'")
        #expect(try arguments("ARG a b=c d=\"e f\"") == [["a", "b=c", "d=\"e f\""]])
        #expect(problem("ARG a =b") == "1:7: ARG: nothing before the '='")
    }

    @Test func heredocs() throws {
        let file = try parse(
            "COPY <<a.txt <<-\"b\" /d/\nfirst $x\na.txt\n\tsecond\n\t\tb\nRUN <<EOF cat\nEOF x\nEOF"
        )
        let copy = file.instructions[0]
        #expect(copy.heredocs.map(\.name) == ["a.txt", "b"])
        #expect(copy.heredocs.map(\.isExpanded) == [true, false])
        #expect(copy.heredocs.map(\.content) == ["first $x\n", "\tsecond\n"])
        #expect(copy.heredocs.map(\.text) == ["first $x\n", "second\n"])
        #expect(copy.lastLine == 5)
        #expect(file.instructions[1].heredocs.map(\.content) == ["EOF x\n"])
        #expect(try parse("ONBUILD COPY <<a b\nx\na").instructions[0].heredocs.count == 1)
        #expect(
            try parse("RUN 3<< EOF cat\r\nx\r\nEOF\r\n").instructions[0].heredocs[0].content
                == "x\r\n")
        // No heredocs: another instruction, a JSON array, arithmetic, a here-string, open quotes.
        for text in [
            "CMD cat <<EOF", "RUN [\"a\", \"<<EOF\"]", "RUN echo $((1<<2<<3))", "RUN cat <<<x",
            "RUN echo 'a <<EOF", "RUN a <<- b",
        ] {
            #expect(try parse(text).instructions[0].heredocs.isEmpty, "\(text)")
        }
        #expect(problem("FROM a\nRUN <<EOF\nx\nEOF2") == "2:1: heredoc without its end 'EOF'")
        #expect(problem("COPY a <<EOF\nEOF") == "1:1: COPY: a heredoc cannot be the destination")
    }

    @Test func whatIsRefusedAndWhere() {
        let cases: [(String, String)] = [
            ("", "1:1: no instruction in the file"), ("# a\n", "1:1: no instruction in the file"),
            ("FROM a\n FORM b", "2:2: unknown instruction 'FORM', did you mean 'FROM'?"),
            ("FROM a\n\\\n", "2:1: an instruction should be here"),
            ("XYZZY a", "1:1: unknown instruction 'XYZZY'"),
            ("FROM a b", "1:1: FROM: it takes IMAGE or IMAGE AS NAME"),
            ("FROM a b c", "1:1: FROM: it takes IMAGE or IMAGE AS NAME"),
            ("FROM", "1:1: FROM: it takes an argument"), ("ENV", "1:1: ENV: it takes an argument"),
            ("COPY a", "1:1: COPY: it takes sources and a destination"),
            ("ADD [\"a\"]", "1:1: ADD: it takes sources and a destination"),
            ("SHELL a b", "1:1: SHELL: it takes a JSON array of strings"),
            ("SHELL []", "1:1: SHELL: it takes a JSON array of strings"),
            ("HEALTHCHECK", "1:1: HEALTHCHECK: it takes an argument"),
            ("HEALTHCHECK NONE x", "1:13: HEALTHCHECK: NONE takes no argument"),
            ("HEALTHCHECK CMD", "1:13: HEALTHCHECK: a command is missing behind CMD"),
            ("HEALTHCHECK a", "1:13: HEALTHCHECK: 'a' is neither CMD nor NONE"),
            ("ONBUILD", "1:1: ONBUILD: it takes an argument"),
            ("ONBUILD ONBUILD RUN a", "1:9: ONBUILD: it cannot defer itself"),
            ("ONBUILD FROM a", "1:9: ONBUILD: it cannot defer FROM"),
            ("ONBUILD RN a", "1:9: unknown instruction 'RN', did you mean 'RUN'?"),
            ("RUN \\\n  a\0b", "2:4: a zero byte, which no argument and no config can hold"),
        ]
        for (text, expected) in cases { #expect(problem(text) == expected) }
    }

    @Test func limitsOfALine() throws {
        let longest = "RUN " + String(repeating: "x", count: 65_531)
        #expect(problem(longest) == nil)
        #expect(problem(longest + "\n") == nil)
        #expect(problem("FROM a\n" + longest + "x") == "2:1: a line of more than 65535 bytes")
        #expect(problem("RUN <<E\n" + longest + "x\nE") == "2:1: a line of more than 65535 bytes")
        // Any number of lines can be joined.
        let joined = (0..<40).map { _ in String(repeating: "y", count: 60_000) }
        #expect(
            try arguments("RUN " + joined.joined(separator: "\\\n"))[0][0].utf8.count == 2_400_000)
    }

    @Test func whatIsNotUTF8() {
        #expect(throws: DockerfileError(SourcePosition(line: 2, column: 6), .notUTF8)) {
            try Dockerfile(Array("FROM a\nCOPY ".utf8) + [0xFF, 0x20] + Array("b c".utf8))
        }
    }

    @Test func positionsInJoinedLines() throws {
        let copy = try parse("COPY a \\\n  # comment\n   bcd").instructions[0]
        guard case .words(let words) = copy.arguments else { throw copy.malformed("words") }
        #expect(copy.position(of: words[1]) == SourcePosition(line: 3, column: 4))
        #expect(copy.line.position(of: words[1].offset + 2) == SourcePosition(line: 3, column: 6))
    }
}
