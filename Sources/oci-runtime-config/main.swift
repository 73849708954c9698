import FilterTools
import ToolSupport

RuntimeConfigTool.runAndExit()
