import FilterTools
import ToolSupport

DigestTool.runAndExit()
