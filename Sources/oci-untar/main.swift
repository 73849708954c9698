import FilterTools
import ToolSupport

UntarTool.runAndExit()
