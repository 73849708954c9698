import FilterTools
import ToolSupport

DiffTool.runAndExit()
