import FilterTools
import ToolSupport

StepTool.runAndExit()
